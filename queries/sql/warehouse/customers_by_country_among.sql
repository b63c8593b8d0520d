-- One row per country, all time: the customers asked about, their orders and net sales; most customers first.
-- The column of no customer id is 0: who bought without one is none of them.
with
-- include: who

final as (
    select
        country, count(*) as customers, sum(orders) as orders, sum(net_sales) as net_sales,
        cast(0 as decimal(38, 4)) as nobody_net_sales
    from who
    group by country
)

select country, customers, orders, net_sales, nobody_net_sales
from final
order by customers desc, net_sales desc, country
