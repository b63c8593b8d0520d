-- One row per country that bought one product in whole months, the one that bought most first.
-- :since timestamp  the first month's first moment, UTC
-- :until timestamp  the first moment after the last month, UTC
-- :product string   its stock code
with final as (
    select country, sum(net_sales) as net_sales, sum(units) as units, sum(orders) as orders, sum(returns) as returns
    from sales_by_month_product_country
    where stock_code = :product and month >= :since and month < :until
    group by country
)

select country, net_sales, units, orders, returns
from final
order by net_sales desc, country
