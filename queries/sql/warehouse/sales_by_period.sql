-- One row per hour, day, month or year (:by) that has order lines, from :since up to, not including, :until.
-- :since timestamp  the first moment, UTC
-- :until timestamp  the first moment after the last, UTC
-- :by string        hour, day, month or year
with hours as (
    select
        date_trunc(:by, hour) as period,
        net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines
    from sales_by_hour_country
    where hour >= :since and hour < :until
),

final as (
    select
        period,
        sum(net_sales) as net_sales,
        sum(gross_sales) as gross_sales,
        sum(returns) as returns,
        sum(adjustments) as adjustments,
        sum(orders) as orders,
        sum(return_orders) as return_orders,
        sum(units) as units,
        sum(lines) as lines
    from hours
    group by period
)

select period, net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines
from final
order by period
