-- One row per hour, day, month or year (:by) of a scope that has order lines.
-- :by string  hour, day, month or year
with
-- include: hours_of_scope

final as (
    select
        date_trunc(:by, hour) as period,
        sum(net_sales) as net_sales,
        sum(gross_sales) as gross_sales,
        sum(returns) as returns,
        sum(adjustments) as adjustments,
        sum(orders) as orders,
        sum(return_orders) as return_orders,
        sum(units) as units,
        sum(lines) as lines
    from hours
    group by 1
)

select period, net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines
from final
order by period
