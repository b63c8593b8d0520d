-- One row per country, month of customers' first orders (cohort) and month in which some of them ordered.
select
    known.country,
    cast(date_trunc('month', known.first_order_at) as date) as cohort,
    held.month,
    count(*) as customers,
    sum(held.orders) as orders,
    sum(held.gross_sales) as gross_sales
from customers_orders as known
join customers_by_month as held on held.customer_id = known.customer_id
group by 1, 2, 3
