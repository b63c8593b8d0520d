-- One row per customer; the lines of nobody in particular are the customer 'no customer id'.
select
    coalesce(cast(customer_id as varchar(32)), 'no customer id') as customer,
    customer_id,
    min(first_at) as first_at,
    max(last_at) as last_at,
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
        line.customer_id, invoice.kind, line.invoice_date as first_at, line.invoice_date as last_at,
        line.quantity * line.unit_price as amount, 0 as invoices, line.quantity as units, 1 as lines
    from order_lines as line
    join invoices_summary as invoice on invoice.invoice_no = line.invoice_no
    union all
    select customer_id, kind, first_at, first_at, 0, 1, 0, 0
    from invoices_summary
) as part
group by customer_id
