-- One row per three scores (recency, frequency, monetary, from 1 to 5) that the customers asked about have, all time.
-- Scores of 0 are those of customers who never ordered. Who bought without a customer id is none of them.
-- :country string  one country, or '' for all
with
-- include: who

final as (
    select
        recency, frequency, monetary, count(*) as customers, sum(orders) as orders, sum(net_sales) as net_sales
    from who
    where :country = '' or country = :country
    group by recency, frequency, monetary
)

select recency, frequency, monetary, customers, orders, net_sales
from final
order by recency, frequency, monetary
