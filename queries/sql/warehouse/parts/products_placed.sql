-- One row per product of those `sold`, the :top first or last ones by a measure; place counts from that end.
-- :measure string  net_sales, units, orders or returns: what ranks them; the most returned is the first by returns
-- :bottom integer  0 for the first ones, 1 for the last ones
-- :top integer     how many
measured as (
    select
        stock_code, net_sales, units, orders, returns,
        case
            when :measure = 'units' then cast(units as decimal(38, 4))
            when :measure = 'orders' then cast(orders as decimal(38, 4))
            when :measure = 'returns' then -returns
            else net_sales
        end as worth
    from sold
),

-- Running sums by the same order as the places: how many products make up most of it.
ranked as (
    select
        stock_code, net_sales, units, orders, returns, worth,
        row_number() over (order by worth desc, stock_code) as rank_first,
        row_number() over (order by worth, stock_code) as rank_last,
        sum(worth) over (order by worth desc, stock_code rows unbounded preceding) as running,
        sum(worth) over () as all_worth,
        count(*) over () as products
    from measured
),

counted as (
    select
        stock_code, net_sales, units, orders, returns, worth, rank_first, rank_last, running, all_worth, products,
        1 + sum(case when running < 0.8 * all_worth then 1 else 0 end) over () as for_most
    from ranked
),

final as (
    select
        case when :bottom = 0 then counted.rank_first else counted.rank_last end as place,
        counted.stock_code, products.description, counted.net_sales, counted.units, counted.orders, counted.returns,
        counted.worth, counted.running, counted.all_worth, counted.products, counted.for_most
    from counted
    left join products on products.stock_code = counted.stock_code
    where (:bottom = 0 and counted.rank_first <= :top) or (:bottom = 1 and counted.rank_last <= :top)
)

select
    place, stock_code, description, net_sales, units, orders, returns, worth, running, all_worth, products, for_most
from final
order by place
