-- The stored procedure merge_customers(): the rollups that tell of customers and of how invoices are spread. It is a
-- part of merge_orders(), which calls it last, and reads the temporary table that was made there:
-- merge_firsts: where each touched invoice counted before and counts now (invoice_no, first_at, country, customer_id).
--
-- An invoice belongs to the day, the country and the customer of its first line, as in invoices_summary.
--
-- customers_orders: one row per customer with an id, from all its invoices; its country is that of the latest one.
--                   first_order is null for a customer who only ever returned something.
-- customers_by_month: one row per customer with an id and month (its first day) with an order.
-- cohorts: one row per country, month of the first order (cohort) and month, the same customers counted in each month
--          that they ordered in.
-- rfm_cutoffs: one row per score from 1 to 5, with the least day of the latest order (recency), number of orders
--              (frequency) and net sales (monetary) that earn it; null for a score that nobody has. A customer's
--              score is 1, and 1 more for each whole fifth of the customers with orders whom it is ahead of; so
--              equals have equal scores, and each measure's lowest score is 1.
-- customers_by_rfm: one row per country and three scores; the scores of customers without orders are 0.
-- invoices_by_day: one row per day, country, kind, standing ('new' for a customer's first order, 'returning' for what
--                  else has a customer, 'no customer id') and band: the least value in GBP, sign aside, that counts
--                  there. 0 holds what is worth nothing at all, 1 what is worth less than 10.
create or replace procedure merge_customers() as $$
declare
    range_from timestamp;
    range_to timestamp;
begin
    drop table if exists merge_known;
    create temp table merge_known as
    select distinct customer_id from merge_firsts where customer_id is not null;
    --postgres analyze merge_known;

    -- ---- customers_orders, customers_by_month -----------------------------------------------------------------

    -- Where the touched customers' first orders were before, and are now: their days and cohorts change.
    drop table if exists merge_first_orders;
    create temp table merge_first_orders as
    select held.country, held.first_order_at
    from customers_orders as held
    join merge_known on merge_known.customer_id = held.customer_id;

    delete from customers_orders
    using merge_known
    where customers_orders.customer_id = merge_known.customer_id;

    drop table if exists merge_known_invoices;
    create temp table merge_known_invoices as
    select
        invoice.customer_id, invoice.invoice_no, invoice.kind, invoice.first_at, invoice.country, invoice.net_sales,
        row_number() over (
            partition by invoice.customer_id order by invoice.first_at desc, invoice.invoice_no desc
        ) as from_last,
        row_number() over (
            partition by invoice.customer_id, invoice.kind order by invoice.first_at, invoice.invoice_no
        ) as of_kind
    from invoices_summary as invoice
    join merge_known on merge_known.customer_id = invoice.customer_id;

    insert into customers_orders (
        customer_id, country, first_order, first_order_at, last_order_at, orders, net_sales
    )
    select
        customer_id,
        max(case when from_last = 1 then country end),
        max(case when kind = 'order' and of_kind = 1 then invoice_no end),
        min(case when kind = 'order' then first_at end),
        max(case when kind = 'order' then first_at end),
        sum(case when kind = 'order' then 1 else 0 end),
        sum(net_sales)
    from merge_known_invoices
    group by customer_id;

    delete from customers_by_month
    using merge_known
    where customers_by_month.customer_id = merge_known.customer_id;

    insert into customers_by_month (customer_id, month, orders, gross_sales)
    select customer_id, cast(date_trunc('month', first_at) as date), count(*), sum(net_sales)
    from merge_known_invoices
    where kind = 'order'
    group by customer_id, cast(date_trunc('month', first_at) as date);

    insert into merge_first_orders (country, first_order_at)
    select held.country, held.first_order_at
    from customers_orders as held
    join merge_known on merge_known.customer_id = held.customer_id;

    -- ---- cohorts ----------------------------------------------------------------------------------------------

    drop table if exists merge_cohorts;
    create temp table merge_cohorts as
    select distinct country, cast(date_trunc('month', first_order_at) as date) as cohort
    from merge_first_orders
    where first_order_at is not null;
    --postgres analyze merge_cohorts;

    delete from cohorts
    using merge_cohorts
    where cohorts.country = merge_cohorts.country and cohorts.cohort = merge_cohorts.cohort;

    insert into cohorts (country, cohort, month, customers, orders, gross_sales)
    select
        merge_cohorts.country, merge_cohorts.cohort, held.month, count(*), sum(held.orders), sum(held.gross_sales)
    from merge_cohorts
    join customers_orders as known on known.country = merge_cohorts.country
        and cast(date_trunc('month', known.first_order_at) as date) = merge_cohorts.cohort
    join customers_by_month as held on held.customer_id = known.customer_id
    group by merge_cohorts.country, merge_cohorts.cohort, held.month;

    -- ---- rfm_cutoffs, customers_by_rfm ------------------------------------------------------------------------

    -- Of all customers, for a single order moves the fifths of all.
    drop table if exists merge_scores;
    create temp table merge_scores as
    select
        country, orders, net_sales, cast(date_trunc('day', last_order_at) as date) as last_day,
        1 + 5 * (rank() over (order by cast(date_trunc('day', last_order_at) as date)) - 1) / count(*) over ()
            as recency,
        1 + 5 * (rank() over (order by orders) - 1) / count(*) over () as frequency,
        1 + 5 * (rank() over (order by net_sales) - 1) / count(*) over () as monetary
    from customers_orders
    where orders > 0;

    delete from rfm_cutoffs;

    insert into rfm_cutoffs (score, recency_from, frequency_from, monetary_from)
    select score, max(recency_from), max(frequency_from), max(monetary_from)
    from (
        select
            recency as score, min(last_day) as recency_from, cast(null as bigint) as frequency_from,
            cast(null as decimal(38, 4)) as monetary_from
        from merge_scores
        group by recency
        union all
        select frequency, cast(null as date), min(orders), cast(null as decimal(38, 4))
        from merge_scores
        group by frequency
        union all
        select monetary, cast(null as date), cast(null as bigint), min(net_sales)
        from merge_scores
        group by monetary
    ) as least_values
    group by score;

    delete from customers_by_rfm;

    insert into customers_by_rfm (country, recency, frequency, monetary, customers, orders, net_sales)
    select country, recency, frequency, monetary, count(*), sum(orders), sum(net_sales)
    from merge_scores
    group by country, recency, frequency, monetary
    union all
    select country, 0, 0, 0, count(*), 0, sum(net_sales)
    from customers_orders
    where orders = 0
    group by country;

    -- ---- invoices_by_day --------------------------------------------------------------------------------------

    drop table if exists merge_invoice_days;
    create temp table merge_invoice_days as
    select cast(date_trunc('day', first_at) as date) as day from merge_firsts
    union
    select cast(date_trunc('day', first_order_at) as date) from merge_first_orders where first_order_at is not null;
    --postgres analyze merge_invoice_days;

    select min(day), max(day) + interval '1 day' into range_from, range_to from merge_invoice_days;

    delete from invoices_by_day
    using merge_invoice_days
    where invoices_by_day.day = merge_invoice_days.day;

    insert into invoices_by_day (day, country, kind, standing, band, invoices, net_sales, units, lines)
    select
        day, country, kind, standing,
        case
            when worth = 0 then 0
            when worth < 10 then 1
            when worth < 25 then 10
            when worth < 50 then 25
            when worth < 100 then 50
            when worth < 250 then 100
            when worth < 500 then 250
            when worth < 1000 then 500
            when worth < 2500 then 1000
            when worth < 5000 then 2500
            when worth < 10000 then 5000
            else 10000
        end,
        count(*), sum(net_sales), sum(units), sum(lines)
    from (
        select
            merge_invoice_days.day, invoice.country, invoice.kind,
            case
                when invoice.customer_id is null then 'no customer id'
                when known.customer_id is null then 'returning'
                else 'new'
            end as standing,
            abs(invoice.net_sales) as worth, invoice.net_sales, invoice.units, invoice.lines
        from invoices_summary as invoice
        join merge_invoice_days on merge_invoice_days.day = cast(date_trunc('day', invoice.first_at) as date)
        left join customers_orders as known on known.customer_id = invoice.customer_id
            and known.first_order = invoice.invoice_no
        where invoice.first_at >= range_from and invoice.first_at < range_to
    ) as standing
    group by 1, 2, 3, 4, 5;
end;
$$ language plpgsql;
