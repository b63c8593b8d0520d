-- One row per score from 1 to 5 that any customer has: what earns it at least, null where nobody has it.
select
    score, max(recency_from) as recency_from, max(frequency_from) as frequency_from,
    max(monetary_from) as monetary_from
from (
    select
        recency as score, min(last_day) as recency_from, cast(null as bigint) as frequency_from,
        cast(null as decimal(38, 4)) as monetary_from
    from customers_ranked
    group by recency
    union all
    select frequency, cast(null as date), min(orders), cast(null as decimal(38, 4))
    from customers_ranked
    group by frequency
    union all
    select monetary, cast(null as date), cast(null as bigint), min(net_sales)
    from customers_ranked
    group by monetary
) as least_values
group by score
