-- One row per weekday (1 Monday to 7 Sunday) and hour of the day of a scope that has order lines.
with
-- include: hours_of_scope

final as (
    select
        cast(case when extract(dow from hour) = 0 then 7 else extract(dow from hour) end as integer) as weekday,
        cast(extract(hour from hour) as integer) as hour_of_day,
        sum(net_sales) as net_sales,
        sum(gross_sales) as gross_sales,
        sum(returns) as returns,
        sum(adjustments) as adjustments,
        sum(orders) as orders,
        sum(return_orders) as return_orders,
        sum(units) as units,
        sum(lines) as lines
    from hours
    group by 1, 2
)

select weekday, hour_of_day as hour, net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines
from final
order by weekday, hour_of_day
