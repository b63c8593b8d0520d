-- One row: the sums over all order lines of a scope, and in how many hours, days, months and years it sold anything.
-- :since timestamp      the first moment, UTC
-- :until timestamp      the first moment after the last, UTC
-- :country string       one country, or '' for all
-- :dow integer          a day of the week, 0 for Sunday, or -1 for all
-- :hour_of_day integer  0 to 23, or -1 for all
with hours as (
    select hour, net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines
    from sales_by_hour_country
    where hour >= :since and hour < :until
        and (:country = '' or country = :country)
        and (:dow = -1 or extract(dow from hour) = :dow)
        and (:hour_of_day = -1 or extract(hour from hour) = :hour_of_day)
),

final as (
    select
        coalesce(sum(net_sales), 0) as net_sales,
        coalesce(sum(gross_sales), 0) as gross_sales,
        coalesce(sum(returns), 0) as returns,
        coalesce(sum(adjustments), 0) as adjustments,
        coalesce(sum(orders), 0) as orders,
        coalesce(sum(return_orders), 0) as return_orders,
        coalesce(sum(units), 0) as units,
        coalesce(sum(lines), 0) as lines,
        count(distinct hour) as hours,
        count(distinct date_trunc('day', hour)) as days,
        count(distinct date_trunc('month', hour)) as months,
        count(distinct date_trunc('year', hour)) as years
    from hours
)

select net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines, hours, days, months, years
from final
