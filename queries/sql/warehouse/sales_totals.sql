-- One row: the sums over all order lines of a scope, and in how many hours, days, months and years it sold anything.
with
-- include: hours_of_scope

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
