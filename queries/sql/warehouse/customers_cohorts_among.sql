-- One row per month of first orders (cohort) and month in which customers of that cohort ordered, of those asked about.
-- :country string  one country, or '' for all
with
-- include: who

final as (
    select
        cast(date_trunc('month', who.first_order_at) as date) as cohort, held.month, count(*) as customers,
        sum(held.orders) as orders, sum(held.gross_sales) as gross_sales
    from who
    join customers_by_month as held on held.customer_id = who.customer_id
    where :country = '' or who.country = :country
    group by 1, 2
)

select cohort, month, customers, orders, gross_sales
from final
order by cohort, month
