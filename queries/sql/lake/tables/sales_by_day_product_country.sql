-- One row per day, product and country; an order counts once for each product on it, where the order counts.
select
    day,
    stock_code,
    country,
    sum(amount) as net_sales,
    sum(case when kind = 'order' then amount else 0 end) as gross_sales,
    sum(case when kind = 'return' then amount else 0 end) as returns,
    sum(case when kind = 'adjustment' then amount else 0 end) as adjustments,
    sum(case when kind = 'order' then invoices else 0 end) as orders,
    sum(case when kind = 'return' then invoices else 0 end) as return_orders,
    sum(units) as units,
    sum(lines) as lines
from (
    select
        cast(date_trunc('day', line.invoice_date) as date) as day, line.stock_code, line.country, invoice.kind,
        line.quantity * line.unit_price as amount, 0 as invoices, line.quantity as units, 1 as lines
    from order_lines as line
    join invoices_summary as invoice on invoice.invoice_no = line.invoice_no
    union all
    select cast(date_trunc('day', first_at) as date), stock_code, country, kind, 0, 1, 0, 0
    from (
        select distinct line.invoice_no, line.stock_code, invoice.country, invoice.kind, invoice.first_at
        from order_lines as line
        join invoices_summary as invoice on invoice.invoice_no = line.invoice_no
    ) as sold
) as part
group by day, stock_code, country
