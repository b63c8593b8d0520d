-- One row per product that a country bought in whole months, the :top first or last ones by a measure; place counts from that end.
-- :since timestamp  the first month's first moment, UTC
-- :until timestamp  the first moment after the last month, UTC
-- :country string   the country
with sold as (
    select
        stock_code, sum(net_sales) as net_sales, sum(units) as units, sum(orders) as orders, sum(returns) as returns
    from sales_by_month_product_country
    where month >= :since and month < :until and country = :country
    group by stock_code
),

-- include: products_placed
