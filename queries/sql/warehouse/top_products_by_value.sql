-- One row per product, the :top that sold most by value from :since up to, not including, :until; the first one first.
-- :since timestamp  the first moment, UTC
-- :until timestamp  the first moment after the last, UTC
-- :top integer      how many
with sold as (
    select
        stock_code,
        sum(net_sales) as net_sales,
        sum(units) as units,
        sum(orders) as orders
    from sales_by_day_product
    where day >= :since and day < :until
    group by stock_code
),

ranked as (
    select
        stock_code, net_sales, units, orders,
        row_number() over (order by net_sales desc, stock_code) as place,
        sum(net_sales) over () as all_net_sales
    from sold
),

final as (
    select
        ranked.place, ranked.stock_code, products.description, ranked.net_sales, ranked.units, ranked.orders,
        ranked.all_net_sales
    from ranked
    left join products on products.stock_code = ranked.stock_code
    where ranked.place <= :top
)

select place, stock_code, description, net_sales, units, orders, all_net_sales
from final
order by place
