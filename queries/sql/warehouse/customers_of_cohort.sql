-- One row per customer of a cohort who ordered in one month, the :top by gross sales in it first; found counts them all.
-- :cohort timestamp  the first day of the month of their first orders
-- :month timestamp   the first day of the month in which they ordered
-- :country string    one country, or '' for all
-- :top integer       how many
with fitting as (
    select
        known.customer_id, known.country, held.orders, held.gross_sales, known.first_order_at, known.last_order_at,
        row_number() over (order by held.gross_sales desc, known.customer_id) as place,
        count(*) over () as found
    from customers_orders as known
    join customers_by_month as held on held.customer_id = known.customer_id
    where held.month = :month
        and date_trunc('month', known.first_order_at) = :cohort
        and (:country = '' or known.country = :country)
)

select customer_id, country, orders, gross_sales, first_order_at, last_order_at, found
from fitting
where place <= :top
order by place
