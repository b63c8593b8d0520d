-- One row per day, month or year (:by) with order lines of one product, in order.
-- :since timestamp  the first moment, UTC
-- :until timestamp  the first moment after the last, UTC
-- :by string        day, month or year
-- :product string   its stock code
with days as (
    select
        date_trunc(:by, cast(day as timestamp)) as period,
        net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines
    from sales_by_day_product
    where stock_code = :product and day >= :since and day < :until
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
    from days
    group by period
)

select period, net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines
from final
order by period
