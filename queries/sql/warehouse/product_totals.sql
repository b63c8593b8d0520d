-- One row: what one product sold in a period, and when it was first and last sold or returned at all; lines is 0 when never in the period.
-- :since timestamp  the first moment, UTC
-- :until timestamp  the first moment after the last, UTC
-- :product string   its stock code
with days as (
    select
        day, net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines,
        case when day >= :since and day < :until then 1 else 0 end as inside
    from sales_by_day_product
    where stock_code = :product
),

sums as (
    select
        coalesce(sum(inside * net_sales), 0) as net_sales,
        coalesce(sum(inside * gross_sales), 0) as gross_sales,
        coalesce(sum(inside * returns), 0) as returns,
        coalesce(sum(inside * adjustments), 0) as adjustments,
        coalesce(sum(inside * orders), 0) as orders,
        coalesce(sum(inside * return_orders), 0) as return_orders,
        coalesce(sum(inside * units), 0) as units,
        coalesce(sum(inside * lines), 0) as lines,
        min(day) as first_day,
        max(day) as last_day
    from days
),

final as (
    select
        products.description, sums.net_sales, sums.gross_sales, sums.returns, sums.adjustments, sums.orders,
        sums.return_orders, sums.units, sums.lines, sums.first_day, sums.last_day
    from sums
    left join products on products.stock_code = :product
)

select
    description, net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines, first_day, last_day
from final
