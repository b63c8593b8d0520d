-- One row per month (its first day) and product.
select
    cast(date_trunc('month', day) as date) as month, stock_code,
    sum(net_sales) as net_sales,
    sum(gross_sales) as gross_sales,
    sum(returns) as returns,
    sum(adjustments) as adjustments,
    sum(orders) as orders,
    sum(return_orders) as return_orders,
    sum(units) as units,
    sum(lines) as lines
from sales_by_day_product_country
group by 1, 2
