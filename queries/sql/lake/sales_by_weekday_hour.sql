-- One row per weekday (1 Monday to 7 Sunday) and hour of the day of a scope that has order lines.
-- The warehouse counts the same in its rollups (merge_orders.sql); this asks the lake's files for it.
with
-- include: lines_chosen

final as (
    select
        day_of_week(invoice_date) as weekday,
        hour(invoice_date) as hour,
        sum(amount) as net_sales,
        sum(case when kind = 'order' then amount else 0 end) as gross_sales,
        sum(case when kind = 'return' then amount else 0 end) as returns,
        sum(case when kind = 'adjustment' then amount else 0 end) as adjustments,
        sum(case when kind = 'order' and place = 1 then 1 else 0 end) as orders,
        sum(case when kind = 'return' and place = 1 then 1 else 0 end) as return_orders,
        sum(quantity) as units,
        count(*) as lines
    from chosen
    group by 1, 2
)

select weekday, hour, net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines
from final
order by weekday, hour
