-- One row per month of first orders (cohort) and month in which customers of that cohort ordered.
-- :country string  one country, or '' for all
with final as (
    select
        cohort, month, sum(customers) as customers, sum(orders) as orders, sum(gross_sales) as gross_sales
    from cohorts
    where :country = '' or country = :country
    group by cohort, month
)

select cohort, month, customers, orders, gross_sales
from final
order by cohort, month
