-- One row: the sums over all order lines with an invoice date from :since up to, not including, :until.
-- :since timestamp  the period's first moment, UTC
-- :until timestamp  the first moment after it, UTC
with hours as (
    select net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines
    from sales_by_hour_country
    where hour >= :since and hour < :until
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
        coalesce(sum(lines), 0) as lines
    from hours
)

select net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines
from final
