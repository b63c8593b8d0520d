-- One row per arrival hour from :first to :last that has records: how many came, how many events they are, the newest.
-- An event that came again is one event, counted in the hour of its greatest sent_at.
-- :first string  the first hour, as yyyy/MM/dd/HH
-- :last string   the last hour, included
with arrived as (
    select
        datehour, sent_at,
        row_number() over (partition by event_id order by sent_at desc, datehour desc) as recency
    from orders
    where datehour >= :first and datehour <= :last
),

final as (
    select
        datehour,
        count(*) as records,
        sum(case when recency = 1 then 1 else 0 end) as events,
        max(sent_at) as newest_sent_at
    from arrived
    group by datehour
)

select datehour, records, events, newest_sent_at
from final
order by datehour
