-- One row per hour and country; an order counts in the hour and country of its first line.
select
    hour,
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
        date_trunc('hour', line.invoice_date) as hour, line.country, invoice.kind,
        line.quantity * line.unit_price as amount, 0 as invoices, line.quantity as units, 1 as lines
    from order_lines as line
    join invoices_summary as invoice on invoice.invoice_no = line.invoice_no
    union all
    select date_trunc('hour', first_at), country, kind, 0, 1, 0, 0
    from invoices_summary
) as part
group by hour, country
