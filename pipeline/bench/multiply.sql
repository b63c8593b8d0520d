-- Every invoice :times times, its further copies under new numbers and at other hours of the same month, and every
-- rollup made anew as merge_orders() would keep it. Indexes are made again at the end: that is quicker.
drop index if exists order_lines_invoice_no;
drop index if exists order_lines_invoice_date;
drop index if exists order_lines_stock_code;
drop index if exists invoices_summary_first_at;
alter table order_lines drop constraint if exists order_lines_pkey;

insert into order_lines (
    event_id, invoice_no, line_no, stock_code, description, quantity, invoice_date, unit_price, customer_id, country,
    replay_id, sent_at, landed_at
)
select
    invoice.copy_no || '-' || line.event_id, invoice.copy_no, line.line_no, line.stock_code, line.description,
    line.quantity,
    line.invoice_date + (invoice.moved - invoice.first_at),
    line.unit_price, line.customer_id, line.country, 'multiplied', line.sent_at, line.landed_at
from (
    select
        invoice_no, first_at,
        -- C and A stay in front: they say what kind of invoice it is.
        case when kind = 'order' then invoice_no || 'x' || again else invoice_no || 'X' || again end as copy_no,
        date_trunc('day', first_at) + interval '8 hours'
            + interval '1 minute' * mod(abs(hashtext(invoice_no || again)), 600) as moved
    from invoices_summary
    cross join generate_series(2, :times) as again
) as invoice
join order_lines as line on line.invoice_no = invoice.invoice_no;

alter table order_lines add primary key (event_id);
create index order_lines_invoice_no on order_lines (invoice_no);
create index order_lines_invoice_date on order_lines (invoice_date);
create index order_lines_stock_code on order_lines (stock_code);
analyze order_lines;

truncate invoices_summary, sales_by_hour_country, sales_by_day_product, sales_by_month_product_country, customers_summary;

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
    min(invoice_date), max(invoice_date), max(customer_id), 1, max(country), count(*), sum(quantity),
    sum(quantity * unit_price)
from order_lines
group by invoice_no;
create index invoices_summary_first_at on invoices_summary (first_at);
analyze invoices_summary;

create temp table parts as
select
    date_trunc('hour', line.invoice_date) as hour, line.country, line.stock_code, invoice.kind,
    sum(line.quantity * line.unit_price) as amount,
    count(distinct line.invoice_no) as invoices,
    sum(line.quantity) as units,
    count(*) as lines
from order_lines as line
join invoices_summary as invoice on invoice.invoice_no = line.invoice_no
group by 1, 2, 3, 4;

insert into sales_by_hour_country
select
    part.hour, part.country, part.net_sales, part.gross_sales, part.returns, part.adjustments,
    coalesce(invoice.orders, 0), coalesce(invoice.return_orders, 0), part.units, part.lines
from (
    select
        hour, country, sum(amount) as net_sales,
        sum(case when kind = 'order' then amount else 0 end) as gross_sales,
        sum(case when kind = 'return' then amount else 0 end) as returns,
        sum(case when kind = 'adjustment' then amount else 0 end) as adjustments,
        sum(units) as units, sum(lines) as lines
    from parts
    group by hour, country
) as part
left join (
    select
        date_trunc('hour', first_at) as hour, country,
        sum(case when kind = 'order' then 1 else 0 end) as orders,
        sum(case when kind = 'return' then 1 else 0 end) as return_orders
    from invoices_summary
    group by 1, 2
) as invoice on invoice.hour = part.hour and invoice.country = part.country;

insert into sales_by_day_product
select
    date_trunc('day', hour), stock_code, sum(amount),
    sum(case when kind = 'order' then amount else 0 end),
    sum(case when kind = 'return' then amount else 0 end),
    sum(case when kind = 'adjustment' then amount else 0 end),
    sum(case when kind = 'order' then invoices else 0 end),
    sum(case when kind = 'return' then invoices else 0 end),
    sum(units), sum(lines)
from parts
group by 1, 2;

insert into sales_by_month_product_country
select
    date_trunc('month', hour), stock_code, country, sum(amount),
    sum(case when kind = 'order' then amount else 0 end),
    sum(case when kind = 'return' then amount else 0 end),
    sum(case when kind = 'adjustment' then amount else 0 end),
    sum(case when kind = 'order' then invoices else 0 end),
    sum(case when kind = 'return' then invoices else 0 end),
    sum(units), sum(lines)
from parts
group by 1, 2, 3;

insert into customers_summary
select
    coalesce(cast(customer_id as varchar(32)), 'no customer id'), customer_id, min(first_at), max(last_at),
    sum(net_sales),
    sum(case when kind = 'order' then net_sales else 0 end),
    sum(case when kind = 'return' then net_sales else 0 end),
    sum(case when kind = 'adjustment' then net_sales else 0 end),
    sum(case when kind = 'order' then 1 else 0 end),
    sum(case when kind = 'return' then 1 else 0 end),
    sum(units), sum(lines)
from invoices_summary
group by customer_id;
drop table parts;
analyze;
