-- One row per row of those `sent` that is not `held`, the missing before the late: the first :most.
-- A row acknowledged at :due or later may still wait in a buffer.
-- :due string  YYYY-MM-DD HH:MM:SS, UTC
-- :most integer  rows at most
final as (
    select
        sent.event_id, sent.line,
        case when sent.may_arrive = 1 and sent.acknowledged_at >= cast(:due as timestamp) then 1 else 0 end as late
    from sent
    left join held on sent.event_id = held.event_id
    where held.event_id is null
)

select event_id, line, late
from final
order by late, line
limit :most
