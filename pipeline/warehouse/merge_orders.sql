-- The stored procedure merge_orders(): from the landing table into order_lines and its rollups, in one transaction.
-- One text for Redshift and PostgreSQL, in the SQL that both speak; tests/test_sql_dialect.py holds it to that.
--
-- order_lines: one row per event (EventID). The greatest sent_at wins, in whatever order rows land. A row that says
-- the same again, but for sent_at and replay_id, is unchanged: it takes those two over, so that what is sent between
-- the two cannot win later, and touches no rollup. landed_at and merged_at are those of the content.
--
-- The rollups hold each key that has lines, recomputed from order_lines for the keys that a call touches, the keys
-- of replaced rows included. What they call things:
--     kind            'return' for an InvoiceNo that starts with C, 'adjustment' for another letter, else 'order'
--     gross_sales, returns, adjustments
--                     sum of quantity x unit_price over the lines of that kind, in GBP; they add up to net_sales
--     orders, return_orders
--                     invoices of that kind, counted where the invoice's first line is (by invoice_date, line_no,
--                     event_id): its hour, day, month, country and customer. So they add up over any period
--     units, lines    sum of quantity, number of lines
-- invoices_summary: one row per invoice; country and customer_id are its first line's.
-- sales_by_hour_country: one row per hour and country.
-- sales_by_day_product: one row per day and product; an order counts once for each product on it.
-- sales_by_month_product: one row per month (its first day) and product: that rollup, summed up.
-- sales_by_month_product_country: one row per month, product and country; an order counts once for each product on it.
-- customers_summary: one row per customer; the lines of nobody in particular are the customer 'no customer id'.
-- products: one row per product; its description is the latest one that it was sold under, else the latest one.
-- Those that tell of customers, and of how invoices are spread, are made by merge_customers(), told of there.
create or replace procedure merge_orders() as $$
declare
    unfilled bigint;
    landed_rows bigint;
    touched_rows bigint;
    range_from timestamp;
    range_to timestamp;
begin
    -- Two calls at once: the second waits here, and finds what the first one left.
    lock table merge_lock;

    -- A warehouse that was filled before it had these rollups: the months are summed up, and for merge_customers()
    -- every invoice counts as touched.
    select count(*) into unfilled from (select invoice_no from invoices_summary limit 1) as held
    where not exists (select 1 from invoices_by_day);
    if unfilled > 0 then
        drop table if exists merge_firsts;
        create temp table merge_firsts as
        select invoice_no, first_at, country, customer_id from invoices_summary;
        call merge_customers();

        delete from sales_by_month_product;
        insert into sales_by_month_product (
            month, stock_code, net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines
        )
        select
            cast(date_trunc('month', day) as date), stock_code, sum(net_sales), sum(gross_sales), sum(returns),
            sum(adjustments), sum(orders), sum(return_orders), sum(units), sum(lines)
        from sales_by_day_product
        group by cast(date_trunc('month', day) as date), stock_code;
    end if;

    select count(*) into landed_rows from orders_landing;
    if landed_rows = 0 then
        return;
    end if;
    --postgres if landed_rows < 2000 then analyze orders_landing; end if;

    -- ---- order_lines ------------------------------------------------------------------------------------------

    -- One row per landed row, with what is to become of it. Two rows of one event with one sent_at are one send that
    -- arrived twice.
    drop table if exists merge_events;
    create temp table merge_events as
    select
        landed.event_id, landed.invoice_no, landed.line_no, landed.stock_code, landed.description, landed.quantity,
        landed.invoice_date, landed.unit_price, landed.customer_id, landed.country, landed.replay_id, landed.sent_at,
        landed.landed_at,
        case
            when landed.recency > 1 or landed.sent_at <= held.sent_at then 'outdated'
            when held.event_id is null then 'new'
            when landed.invoice_no = held.invoice_no
                and landed.stock_code = held.stock_code
                and landed.quantity = held.quantity
                and landed.invoice_date = held.invoice_date
                and landed.unit_price = held.unit_price
                and landed.country = held.country
                and (landed.line_no = held.line_no or (landed.line_no is null and held.line_no is null))
                and (landed.description = held.description
                    or (landed.description is null and held.description is null))
                and (landed.customer_id = held.customer_id
                    or (landed.customer_id is null and held.customer_id is null))
                then 'unchanged'
            else 'changed'
        end as verdict
    from (
        select
            event_id, invoice_no, line_no, stock_code, description, quantity, invoice_date, unit_price, customer_id,
            country, replay_id, sent_at, landed_at,
            row_number() over (partition by event_id order by sent_at desc, landed_at) as recency
        from orders_landing
    ) as landed
    left join order_lines as held on held.event_id = landed.event_id;
    --postgres analyze merge_events;

    -- What the new and changed lines say, and what the lines that they replace said.
    drop table if exists merge_touched;
    create temp table merge_touched as
    select
        invoice_no, invoice_date as moment, stock_code, description, unit_price, country, customer_id, 0 as replaced
    from merge_events
    where verdict in ('new', 'changed')
    union all
    select
        held.invoice_no, held.invoice_date, held.stock_code, held.description, held.unit_price, held.country,
        held.customer_id, 1
    from order_lines as held
    join merge_events on merge_events.event_id = held.event_id
    where merge_events.verdict = 'changed';
    --postgres analyze merge_touched;

    update order_lines
    set sent_at = merge_events.sent_at, replay_id = merge_events.replay_id
    from merge_events
    where order_lines.event_id = merge_events.event_id and merge_events.verdict = 'unchanged';

    delete from order_lines
    using merge_events
    where order_lines.event_id = merge_events.event_id and merge_events.verdict = 'changed';

    insert into order_lines (
        event_id, invoice_no, line_no, stock_code, description, quantity, invoice_date, unit_price, customer_id,
        country, replay_id, sent_at, landed_at
    )
    select
        event_id, invoice_no, line_no, stock_code, description, quantity, invoice_date, unit_price, customer_id,
        country, replay_id, sent_at, landed_at
    from merge_events
    where verdict in ('new', 'changed');

    -- Only what was read above: more may have landed since.
    delete from orders_landing
    using merge_events
    where orders_landing.event_id = merge_events.event_id and orders_landing.sent_at = merge_events.sent_at;

    select count(*) into touched_rows from merge_touched;
    if touched_rows = 0 then
        return;
    end if;

    -- PostgreSQL has no figures yet about rows of this very transaction, and with thousands of keys never wants loops.
    --postgres perform set_config('enable_nestloop', case when touched_rows > 2000 then 'off' else 'on' end, true);

    -- ---- invoices_summary -------------------------------------------------------------------------------------

    drop table if exists merge_invoices;
    create temp table merge_invoices as
    select distinct invoice_no from merge_touched;
    --postgres analyze merge_invoices;

    -- Where the touched invoices counted as orders, before and after.
    drop table if exists merge_firsts;
    create temp table merge_firsts as
    select held.invoice_no, held.first_at, held.country, held.customer_id
    from invoices_summary as held
    join merge_invoices on merge_invoices.invoice_no = held.invoice_no;

    delete from invoices_summary
    using merge_invoices
    where invoices_summary.invoice_no = merge_invoices.invoice_no;

    insert into invoices_summary (
        invoice_no, kind, first_at, last_at, customer_id, customers, country, lines, units, net_sales
    )
    select
        invoice_no,
        case
            when upper(substring(invoice_no, 1, 1)) = 'C' then 'return'
            when upper(substring(invoice_no, 1, 1)) between 'A' and 'Z' then 'adjustment'
            else 'order'
        end,
        min(invoice_date),
        max(invoice_date),
        max(case when line_rank = 1 then customer_id end),
        count(distinct customer_id) + max(case when customer_id is null then 1 else 0 end),
        max(case when line_rank = 1 then country end),
        count(*),
        sum(quantity),
        sum(quantity * unit_price)
    from (
        select
            line.invoice_no, line.invoice_date, line.customer_id, line.country, line.quantity, line.unit_price,
            row_number() over (
                partition by line.invoice_no order by line.invoice_date, line.line_no, line.event_id
            ) as line_rank
        from order_lines as line
        join merge_invoices on merge_invoices.invoice_no = line.invoice_no
    ) as ranked
    group by invoice_no;

    insert into merge_firsts (invoice_no, first_at, country, customer_id)
    select summary.invoice_no, summary.first_at, summary.country, summary.customer_id
    from invoices_summary as summary
    join merge_invoices on merge_invoices.invoice_no = summary.invoice_no;

    -- ---- sales_by_hour_country --------------------------------------------------------------------------------

    -- Where a line or an order is or was counted.
    drop table if exists merge_hours;
    create temp table merge_hours as
    select date_trunc('hour', moment) as hour, country from merge_touched
    union
    select date_trunc('hour', first_at), country from merge_firsts;
    --postgres analyze merge_hours;

    select min(hour), max(hour) + interval '1 hour' into range_from, range_to from merge_hours;

    delete from sales_by_hour_country
    using merge_hours
    where sales_by_hour_country.hour = merge_hours.hour and sales_by_hour_country.country = merge_hours.country;

    insert into sales_by_hour_country (
        hour, country, net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines
    )
    select
        part.hour,
        part.country,
        sum(part.amount),
        sum(case when part.kind = 'order' then part.amount else 0 end),
        sum(case when part.kind = 'return' then part.amount else 0 end),
        sum(case when part.kind = 'adjustment' then part.amount else 0 end),
        sum(case when part.kind = 'order' then part.invoices else 0 end),
        sum(case when part.kind = 'return' then part.invoices else 0 end),
        sum(part.units),
        sum(part.lines)
    from (
        select
            merge_hours.hour, merge_hours.country, invoice.kind, sum(line.quantity * line.unit_price) as amount,
            0 as invoices, sum(line.quantity) as units, count(*) as lines
        from merge_hours
        join order_lines as line on line.country = merge_hours.country
            and date_trunc('hour', line.invoice_date) = merge_hours.hour
        join invoices_summary as invoice on invoice.invoice_no = line.invoice_no
        where line.invoice_date >= range_from and line.invoice_date < range_to
        group by merge_hours.hour, merge_hours.country, invoice.kind
        union all
        select merge_hours.hour, merge_hours.country, invoice.kind, 0, count(*), 0, 0
        from merge_hours
        join invoices_summary as invoice on invoice.country = merge_hours.country
            and date_trunc('hour', invoice.first_at) = merge_hours.hour
        where invoice.first_at >= range_from and invoice.first_at < range_to
        group by merge_hours.hour, merge_hours.country, invoice.kind
    ) as part
    group by part.hour, part.country;

    -- ---- The two product rollups ------------------------------------------------------------------------------

    -- Where a line, or an order for a product on it, is or was counted.
    drop table if exists merge_keys;
    create temp table merge_keys as
    select cast(date_trunc('day', moment) as date) as day, stock_code, country from merge_touched
    union
    select cast(date_trunc('day', firsts.first_at) as date), sold.stock_code, firsts.country
    from merge_firsts as firsts
    join (
        select line.invoice_no, line.stock_code
        from order_lines as line
        join merge_invoices on merge_invoices.invoice_no = line.invoice_no
        union all
        select invoice_no, stock_code from merge_touched where replaced = 1
    ) as sold on sold.invoice_no = firsts.invoice_no;
    --postgres analyze merge_keys;

    drop table if exists merge_days;
    create temp table merge_days as
    select distinct day, stock_code from merge_keys;
    --postgres analyze merge_days;

    drop table if exists merge_months;
    create temp table merge_months as
    select distinct cast(date_trunc('month', day) as date) as month, stock_code, country from merge_keys;
    --postgres analyze merge_months;

    select min(month), date_trunc('month', max(month) + interval '31 days')
    into range_from, range_to
    from merge_months;

    drop table if exists merge_lines;
    create temp table merge_lines as
    select
        line.invoice_no, line.stock_code, line.country, line.invoice_date, line.quantity,
        line.quantity * line.unit_price as amount,
        invoice.kind, invoice.first_at, invoice.country as invoice_country
    from (select distinct stock_code from merge_months) as touched
    join order_lines as line on line.stock_code = touched.stock_code
    join invoices_summary as invoice on invoice.invoice_no = line.invoice_no
    where invoice.last_at >= range_from and invoice.first_at < range_to;
    --postgres analyze merge_lines;

    -- The common grain of both: two rows (lines, orders) per day, product, country and kind, over the touched months and products.
    drop table if exists merge_parts;
    create temp table merge_parts as
    select
        cast(date_trunc('day', invoice_date) as date) as day, stock_code, country, kind, sum(amount) as amount,
        0 as invoices, sum(quantity) as units, count(*) as lines
    from merge_lines
    group by cast(date_trunc('day', invoice_date) as date), stock_code, country, kind
    union all
    select cast(date_trunc('day', first_at) as date), stock_code, invoice_country, kind, 0, count(*), 0, 0
    from (
        select distinct invoice_no, stock_code, invoice_country, kind, first_at from merge_lines
    ) as sold
    group by cast(date_trunc('day', first_at) as date), stock_code, invoice_country, kind;
    --postgres analyze merge_parts;

    delete from sales_by_day_product
    using merge_days
    where sales_by_day_product.day = merge_days.day and sales_by_day_product.stock_code = merge_days.stock_code;

    insert into sales_by_day_product (
        day, stock_code, net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines
    )
    select
        part.day,
        part.stock_code,
        sum(part.amount),
        sum(case when part.kind = 'order' then part.amount else 0 end),
        sum(case when part.kind = 'return' then part.amount else 0 end),
        sum(case when part.kind = 'adjustment' then part.amount else 0 end),
        sum(case when part.kind = 'order' then part.invoices else 0 end),
        sum(case when part.kind = 'return' then part.invoices else 0 end),
        sum(part.units),
        sum(part.lines)
    from merge_parts as part
    join merge_days on merge_days.day = part.day and merge_days.stock_code = part.stock_code
    group by part.day, part.stock_code;

    drop table if exists merge_product_months;
    create temp table merge_product_months as
    select distinct month, stock_code from merge_months;
    --postgres analyze merge_product_months;

    delete from sales_by_month_product
    using merge_product_months
    where sales_by_month_product.month = merge_product_months.month
        and sales_by_month_product.stock_code = merge_product_months.stock_code;

    insert into sales_by_month_product (
        month, stock_code, net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines
    )
    select
        merge_product_months.month, held.stock_code, sum(held.net_sales), sum(held.gross_sales), sum(held.returns),
        sum(held.adjustments), sum(held.orders), sum(held.return_orders), sum(held.units), sum(held.lines)
    from sales_by_day_product as held
    join merge_product_months on merge_product_months.month = cast(date_trunc('month', held.day) as date)
        and merge_product_months.stock_code = held.stock_code
    where held.day >= range_from and held.day < range_to
    group by merge_product_months.month, held.stock_code;

    delete from sales_by_month_product_country
    using merge_months
    where sales_by_month_product_country.month = merge_months.month
        and sales_by_month_product_country.stock_code = merge_months.stock_code
        and sales_by_month_product_country.country = merge_months.country;

    insert into sales_by_month_product_country (
        month, stock_code, country, net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines
    )
    select
        merge_months.month,
        part.stock_code,
        part.country,
        sum(part.amount),
        sum(case when part.kind = 'order' then part.amount else 0 end),
        sum(case when part.kind = 'return' then part.amount else 0 end),
        sum(case when part.kind = 'adjustment' then part.amount else 0 end),
        sum(case when part.kind = 'order' then part.invoices else 0 end),
        sum(case when part.kind = 'return' then part.invoices else 0 end),
        sum(part.units),
        sum(part.lines)
    from merge_parts as part
    join merge_months on merge_months.month = date_trunc('month', part.day)
        and merge_months.stock_code = part.stock_code
        and merge_months.country = part.country
    group by merge_months.month, part.stock_code, part.country;

    -- ---- customers_summary ------------------------------------------------------------------------------------

    drop table if exists merge_customers;
    create temp table merge_customers as
    select coalesce(cast(customer_id as varchar(32)), 'no customer id') as customer
    from (
        select customer_id from merge_touched
        union
        select customer_id from merge_firsts
    ) as touched;
    --postgres analyze merge_customers;

    delete from customers_summary
    using merge_customers
    where customers_summary.customer = merge_customers.customer;

    -- By invoice where all its lines are one customer's, which is nearly always, else by line.
    insert into customers_summary (
        customer, customer_id, first_at, last_at, net_sales, gross_sales, returns, adjustments, orders,
        return_orders, units, lines
    )
    select
        part.customer,
        part.customer_id,
        min(part.first_at),
        max(part.last_at),
        sum(part.amount),
        sum(case when part.kind = 'order' then part.amount else 0 end),
        sum(case when part.kind = 'return' then part.amount else 0 end),
        sum(case when part.kind = 'adjustment' then part.amount else 0 end),
        sum(case when part.kind = 'order' then part.invoices else 0 end),
        sum(case when part.kind = 'return' then part.invoices else 0 end),
        sum(part.units),
        sum(part.lines)
    from (
        select
            coalesce(cast(customer_id as varchar(32)), 'no customer id') as customer, customer_id, kind, first_at,
            case when customers = 1 then last_at else first_at end as last_at,
            case when customers = 1 then net_sales else 0 end as amount,
            1 as invoices,
            case when customers = 1 then units else 0 end as units,
            case when customers = 1 then lines else 0 end as lines
        from invoices_summary
        union all
        select
            coalesce(cast(line.customer_id as varchar(32)), 'no customer id'), line.customer_id, invoice.kind,
            line.invoice_date, line.invoice_date, line.quantity * line.unit_price, 0, line.quantity, 1
        from invoices_summary as invoice
        join order_lines as line on line.invoice_no = invoice.invoice_no
        where invoice.customers > 1
    ) as part
    join merge_customers on merge_customers.customer = part.customer
    group by part.customer, part.customer_id;

    -- ---- products ---------------------------------------------------------------------------------------------

    -- Only those whose description may change: lines that name a product as it is named already, or not at all, or
    -- did not sell it while others did, leave it as it is.
    drop table if exists merge_products;
    create temp table merge_products as
    select distinct touched.stock_code
    from merge_touched as touched
    left join products as held on held.stock_code = touched.stock_code
    where touched.replaced = 1
        or held.stock_code is null
        or (touched.description is not null and held.description is null)
        or (touched.description <> held.description and (touched.unit_price > 0 or held.named_by_sale = 0));
    --postgres analyze merge_products;

    delete from products
    using merge_products
    where products.stock_code = merge_products.stock_code;

    insert into products (stock_code, description, named_by_sale)
    select named.stock_code, max(line.description), max(case when named.sold_at is null then 0 else 1 end)
    from (
        select
            line.stock_code,
            max(case when line.description is not null and line.unit_price > 0 then line.invoice_date end) as sold_at,
            max(case when line.description is not null then line.invoice_date end) as named_at
        from order_lines as line
        join merge_products on merge_products.stock_code = line.stock_code
        group by line.stock_code
    ) as named
    left join order_lines as line on line.stock_code = named.stock_code
        and line.invoice_date = coalesce(named.sold_at, named.named_at)
        and (named.sold_at is null or line.unit_price > 0)
    group by named.stock_code;

    call merge_customers();

    -- getdate() is when this transaction began, which may be minutes ago.
    delete from last_merge;
    insert into last_merge (ended_at)
    select cast(to_timestamp(timeofday(), 'Dy Mon DD HH24:MI:SS.US YYYY') at time zone 'utc' as timestamp);
end;
$$ language plpgsql;
