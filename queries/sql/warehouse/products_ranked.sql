-- One row per product of a period, the :top first or last ones by a measure; place counts from that end.
-- :since timestamp         the first moment, UTC
-- :until timestamp         the first moment after the last, UTC
-- :months_since timestamp  the first moment of the first whole month in it, or :until without one
-- :months_until timestamp  the first moment after its last whole month, or :until without one
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

-- include: products_placed
