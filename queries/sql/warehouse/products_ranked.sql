-- One row per product of a period, the :top first or last ones by a measure; place counts from that end.
-- :since timestamp         the first moment, UTC
-- :until timestamp         the first moment after the last, UTC
-- :months_since timestamp  the first moment of the first whole month in it, or :until without one
-- :months_until timestamp  the first moment after its last whole month, or :until without one
-- :measure string          net_sales, units, orders or returns: what ranks them; the most returned is the first by returns
-- :bottom integer         0 for the first ones, 1 for the last ones
-- :top integer            how many
-- Whole months are summed up already; what is before and after them is taken day by day.
with parts as (
    select stock_code, net_sales, units, orders, returns
    from sales_by_month_product
    where month >= :months_since and month < :months_until
    union all
    select stock_code, net_sales, units, orders, returns
    from sales_by_day_product
    where (day >= :since and day < :months_since) or (day >= :months_until and day < :until)
),

sold as (
    select
        stock_code, sum(net_sales) as net_sales, sum(units) as units, sum(orders) as orders, sum(returns) as returns
    from parts
    group by stock_code
),

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
