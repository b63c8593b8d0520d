-- One row per hour or day (:by) in which views occurred, of those that arrived from :first to :last: views and sessions.
-- :by string     hour or day
with
-- include: views_arrived

final as (
    select date_trunc(:by, occurred_at) as period, sum(views) as views, count(distinct session_id) as sessions
    from arrived
    where recency = 1
    group by 1
)

select period, views, sessions
from final
order by period
