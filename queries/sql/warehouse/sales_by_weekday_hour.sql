-- One row per weekday (1 Monday to 7 Sunday) and hour of the day of a scope that has order lines.
-- :since timestamp      the first moment, UTC
-- :until timestamp      the first moment after the last, UTC
-- :country string       one country, or '' for all
-- :dow integer          a day of the week, 0 for Sunday, or -1 for all
-- :hour_of_day integer  0 to 23, or -1 for all
with hours as (
    select
        case when extract(dow from hour) = 0 then 7 else extract(dow from hour) end as weekday,
        extract(hour from hour) as hour_of_day,
        net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines
    from sales_by_hour_country
    where hour >= :since and hour < :until
        and (:country = '' or country = :country)
        and (:dow = -1 or extract(dow from hour) = :dow)
        and (:hour_of_day = -1 or extract(hour from hour) = :hour_of_day)
),

final as (
    select
        cast(weekday as integer) as weekday,
        cast(hour_of_day as integer) as hour,
        sum(net_sales) as net_sales,
        sum(gross_sales) as gross_sales,
        sum(returns) as returns,
        sum(adjustments) as adjustments,
        sum(orders) as orders,
        sum(return_orders) as return_orders,
        sum(units) as units,
        sum(lines) as lines
    from hours
    group by weekday, hour_of_day
)

select weekday, hour, net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines
from final
order by weekday, hour
