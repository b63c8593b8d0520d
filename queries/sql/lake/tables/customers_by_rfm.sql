-- One row per country and three scores; the scores of customers without orders are 0.
select
    country, recency, frequency, monetary, count(*) as customers, sum(orders) as orders, sum(net_sales) as net_sales
from customers_ranked
group by country, recency, frequency, monetary
union all
select country, 0, 0, 0, count(*), 0, sum(net_sales)
from customers_orders
where orders = 0
group by country
