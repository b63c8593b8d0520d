-- One row: the sums over all order lines of a scope, and in how many hours, days, months and years it sold anything.
-- The warehouse counts the same in its rollups (merge_orders.sql); this asks the lake's files for it.
with
-- include: lines_chosen

final as (
    select
        coalesce(sum(amount), 0) as net_sales,
        coalesce(sum(case when kind = 'order' then amount else 0 end), 0) as gross_sales,
        coalesce(sum(case when kind = 'return' then amount else 0 end), 0) as returns,
        coalesce(sum(case when kind = 'adjustment' then amount else 0 end), 0) as adjustments,
        coalesce(sum(case when kind = 'order' and place = 1 then 1 else 0 end), 0) as orders,
        coalesce(sum(case when kind = 'return' and place = 1 then 1 else 0 end), 0) as return_orders,
        coalesce(sum(quantity), 0) as units,
        count(*) as lines,
        count(distinct date_trunc('hour', invoice_date)) as hours,
        count(distinct date_trunc('day', invoice_date)) as days,
        count(distinct date_trunc('month', invoice_date)) as months,
        count(distinct date_trunc('year', invoice_date)) as years
    from chosen
)

select net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines, hours, days, months, years
from final
