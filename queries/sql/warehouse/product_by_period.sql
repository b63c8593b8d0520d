-- One row per day, month or year (:by) with order lines of one product, in order.
-- A country's sales of it are known by month: the period is then one of whole months, divided by month or year.
-- :since timestamp  the first moment, UTC
-- :until timestamp  the first moment after the last, UTC
-- :by string        day, month or year
-- :product string   its stock code
-- :country string   one country, or '' for all
with sold as (
    select
        date_trunc(:by, cast(day as timestamp)) as period,
        net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines
    from sales_by_day_product
    where :country = '' and stock_code = :product and day >= :since and day < :until
    union all
    select
        date_trunc(:by, cast(month as timestamp)),
        net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines
    from sales_by_month_product_country
    where country = :country and stock_code = :product and month >= :since and month < :until
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
    from sold
    group by period
)

select period, net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines
from final
order by period
