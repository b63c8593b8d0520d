-- One row per customer with an id and month (its first day) with an order.
select
    customer_id, cast(date_trunc('month', first_at) as date) as month, count(*) as orders,
    sum(net_sales) as gross_sales
from invoices_summary
where kind = 'order' and customer_id is not null
group by 1, 2
