-- One row per customer whose scores lie within bounds, the :top with the greatest net sales first; found counts them all.
-- The mean is that of frequency and monetary, halves rounded up.
-- :country string             one country, or '' for all
-- :least_recency integer      from 1 to 5, or 0 for those who never ordered
-- :greatest_recency integer   likewise
-- :least_frequency integer    likewise
-- :greatest_frequency integer likewise
-- :least_mean integer         likewise
-- :greatest_mean integer      likewise
-- :top integer                how many
with scored as (
    select
        known.customer_id, known.country, known.orders, known.net_sales, known.first_order_at, known.last_order_at,
        max(case when known.last_order_at >= cutoff.recency_from then cutoff.score else 0 end) as recency,
        max(case when known.orders >= cutoff.frequency_from then cutoff.score else 0 end) as frequency,
        max(
            case when known.orders > 0 and known.net_sales >= cutoff.monetary_from then cutoff.score else 0 end
        ) as monetary
    from customers_orders as known
    cross join rfm_cutoffs as cutoff
    where :country = '' or known.country = :country
    group by
        known.customer_id, known.country, known.orders, known.net_sales, known.first_order_at, known.last_order_at
),

fitting as (
    select
        customer_id, country, orders, net_sales, first_order_at, last_order_at, recency, frequency, monetary,
        row_number() over (order by net_sales desc, customer_id) as place,
        count(*) over () as found
    from scored
    where recency between :least_recency and :greatest_recency
        and frequency between :least_frequency and :greatest_frequency
        and (frequency + monetary + 1) / 2 between :least_mean and :greatest_mean
)

select customer_id, country, orders, net_sales, first_order_at, last_order_at, recency, frequency, monetary, found
from fitting
where place <= :top
order by place
