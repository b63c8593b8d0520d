-- One row per country, all time: its customers, their orders and net sales, and those of no customer id; most customers first.
with known as (
    select
        country, sum(customers) as customers, sum(orders) as orders, sum(net_sales) as net_sales,
        cast(0 as decimal(38, 4)) as nobody_net_sales
    from customers_by_rfm
    group by country
    union all
    select country, 0, 0, 0, sum(net_sales)
    from invoices_by_day
    where standing = 'no customer id'
    group by country
),

final as (
    select
        country, sum(customers) as customers, sum(orders) as orders, sum(net_sales) as net_sales,
        sum(nobody_net_sales) as nobody_net_sales
    from known
    group by country
)

select country, customers, orders, net_sales, nobody_net_sales
from final
order by customers desc, net_sales desc, country
