-- One row per customer with orders, with the three scores (merge_customers.sql tells how they are counted).
select
    country, orders, net_sales, cast(date_trunc('day', last_order_at) as date) as last_day,
    1 + 5 * (rank() over (order by cast(date_trunc('day', last_order_at) as date)) - 1) / count(*) over () as recency,
    1 + 5 * (rank() over (order by orders) - 1) / count(*) over () as frequency,
    1 + 5 * (rank() over (order by net_sales) - 1) / count(*) over () as monetary
from customers_orders
where orders > 0
