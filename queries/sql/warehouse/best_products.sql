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

-- By the greatest sum, and of equals the first code: cheaper than ranking every product of every period.
greatest_sums as (
    select period, max(net_sales) as net_sales
    from sold
    group by period
),

leaders as (
    select sold.period, min(sold.stock_code) as stock_code
    from sold
    join greatest_sums on greatest_sums.period = sold.period and greatest_sums.net_sales = sold.net_sales
    group by sold.period
),

final as (
    select sold.period, sold.stock_code, products.description, sold.net_sales, sold.units
    from leaders
    join sold on sold.period = leaders.period and sold.stock_code = leaders.stock_code
    left join products on products.stock_code = sold.stock_code
)

select period, stock_code, description, net_sales, units
from final
order by period desc
