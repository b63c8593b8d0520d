-- One row per day, month or year (:by) with the product that sold most by value in it, newest first.
-- :since timestamp         the first moment, UTC
-- :until timestamp         the first moment after the last, UTC
-- :months_since timestamp  the first moment of the first whole month in it, or :until without one or by day
-- :months_until timestamp  the first moment after its last whole month, or :until without one or by day
-- :by string               day, month or year
with days as (
    select date_trunc(:by, cast(month as timestamp)) as period, stock_code, net_sales, units
    from sales_by_month_product
    where month >= :months_since and month < :months_until
    union all
    select date_trunc(:by, cast(day as timestamp)), stock_code, net_sales, units
    from sales_by_day_product
    where (day >= :since and day < :months_since) or (day >= :months_until and day < :until)
),

sold as (
    select period, stock_code, sum(net_sales) as net_sales, sum(units) as units
    from days
    group by period, stock_code
),

ranked as (
    select
        period, stock_code, net_sales, units,
        row_number() over (partition by period order by net_sales desc, stock_code) as place
    from sold
),

final as (
    select ranked.period, ranked.stock_code, products.description, ranked.net_sales, ranked.units
    from ranked
    left join products on products.stock_code = ranked.stock_code
    where ranked.place = 1
)

select period, stock_code, description, net_sales, units
from final
order by period desc
