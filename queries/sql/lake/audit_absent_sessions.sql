-- One row per row of replay :replay_id that neither table of sessions holds, the missing before the late: the first :most.
-- A row acknowledged at :due or later may still wait in a buffer.
-- :replay_id string  the replay
-- :first string      the first arrival hour to look in, as yyyy/MM/dd/HH
-- :last string       the last one, included
-- :due string        YYYY-MM-DD HH:MM:SS, UTC
-- :most integer      rows at most
with sent as (
    -- A replay that was resumed may tell of a row twice.
    select
        event_id, min(line) as line, max(acknowledged_at) as acknowledged_at,
        max(case when outcome = 'failed' then 0 else 1 end) as may_arrive
    from ledger
    where replay_id = :replay_id and outcome <> 'rejected'
    group by event_id
),

arrived as (
    select event_id
    from sessions_usa
    where datehour >= :first and datehour <= :last
    union all
    select event_id
    from sessions_international
    where datehour >= :first and datehour <= :last
),

held as (
    select distinct event_id
    from arrived
),

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
