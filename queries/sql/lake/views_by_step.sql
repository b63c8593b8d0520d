-- One row per hour or day (:by) in which views occurred, of those that arrived from :first to :last: views and sessions.
-- :first string  the first arrival hour, as yyyy/MM/dd/HH
-- :last string   the last arrival hour, included
-- :by string     hour or day
with arrived as (
    select
        occurred_at, session_id, "count" as views,
        row_number() over (partition by event_id order by sent_at desc, datehour desc) as recency
    from page_views
    where datehour >= :first and datehour <= :last
),

final as (
    select date_trunc(:by, occurred_at) as period, sum(views) as views, count(distinct session_id) as sessions
    from arrived
    where recency = 1
    group by 1
)

select period, views, sessions
from final
order by period
