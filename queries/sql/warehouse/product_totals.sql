-- One row: what one product sold in a period, and when it was first and last sold or returned at all; lines is 0 when never in the period.
-- A country's sales of it are known by month: the period is then one of whole months, and its days are not counted.
-- :since timestamp  the first moment, UTC
-- :until timestamp  the first moment after the last, UTC
-- :product string   its stock code
-- :country string   one country, or '' for all
with sold as (
    select day, net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines
    from sales_by_day_product
    where :country = '' and stock_code = :product and day >= :since and day < :until
    union all
    select month, net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines
    from sales_by_month_product_country
    where country = :country and stock_code = :product and month >= :since and month < :until
),

sums as (
    select
        coalesce(sum(net_sales), 0) as net_sales,
        coalesce(sum(gross_sales), 0) as gross_sales,
        coalesce(sum(returns), 0) as returns,
        coalesce(sum(adjustments), 0) as adjustments,
        coalesce(sum(orders), 0) as orders,
        coalesce(sum(return_orders), 0) as return_orders,
        coalesce(sum(units), 0) as units,
        coalesce(sum(lines), 0) as lines,
        case when :country = '' then count(distinct day) end as days,
        count(distinct date_trunc('month', cast(day as timestamp))) as months,
        count(distinct date_trunc('year', cast(day as timestamp))) as years
    from sold
),

ever as (
    select min(day) as first_day, max(day) as last_day
    from sales_by_day_product
    where stock_code = :product
),

final as (
    select
        products.description, sums.net_sales, sums.gross_sales, sums.returns, sums.adjustments, sums.orders,
        sums.return_orders, sums.units, sums.lines, sums.days, sums.months, sums.years, ever.first_day, ever.last_day
    from sums
    cross join ever
    left join products on products.stock_code = :product
)

select
    description, net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines, days, months, years,
    first_day, last_day
from final
