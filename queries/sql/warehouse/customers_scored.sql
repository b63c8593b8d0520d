-- One row per three scores (recency, frequency, monetary, from 1 to 5) that customers have, all time.
-- Scores of 0 are those of customers who never ordered, and -1 those of no customer id, who are not counted.
-- :country string  one country, or '' for all
with final as (
    select
        recency, frequency, monetary, sum(customers) as customers, sum(orders) as orders, sum(net_sales) as net_sales
    from customers_by_rfm
    where :country = '' or country = :country
    group by recency, frequency, monetary
    union all
    select
        -1, -1, -1, 0, coalesce(sum(case when kind = 'order' then invoices else 0 end), 0),
        coalesce(sum(net_sales), 0)
    from invoices_by_day
    where standing = 'no customer id'
        and (:country = '' or country = :country)
)

select recency, frequency, monetary, customers, orders, net_sales
from final
order by recency, frequency, monetary
