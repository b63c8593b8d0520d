-- One row per other product in the :most newest orders of one product within a period, the :top that are in most of them.
-- Reads the order lines of those orders: asked for one product at a time, when somebody wants to know.
-- :top integer  how many other products
with
-- include: orders_holding

-- An order with two lines of a product holds it once.
pairs as (
    select distinct line.invoice_no, line.stock_code
    from looked_at
    join order_lines as line on line.invoice_no = looked_at.invoice_no
),

others as (
    select stock_code, count(*) as together
    from pairs
    where stock_code <> :product
    group by stock_code
),

ranked as (
    select stock_code, together, row_number() over (order by together desc, stock_code) as place
    from others
),

sizes as (
    select count(*) as orders
    from looked_at
),

final as (
    select
        ranked.place, ranked.stock_code, products.description, ranked.together, sizes.orders as looked_at,
        everywhere.orders as orders, everything.orders as all_orders
    from ranked
    cross join sizes
    left join products on products.stock_code = ranked.stock_code
    left join (
        select stock_code, sum(orders) as orders
        from sales_by_day_product
        where day >= :since and day < :until
        group by stock_code
    ) as everywhere on everywhere.stock_code = ranked.stock_code
    cross join (
        select sum(orders) as orders
        from sales_by_hour_country
        where hour >= :since and hour < :until
    ) as everything
    where ranked.place <= :top
)

select place, stock_code, description, together, looked_at, orders, all_orders
from final
order by place
