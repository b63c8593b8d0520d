-- One row: how many rows of replay :replay_id `page_views` should hold, holds, holds more than once, and may still get.
-- A row acknowledged at :due or later may still wait in a buffer.
-- :replay_id string  the replay
-- :first string      the first arrival hour to look in, as yyyy/MM/dd/HH
-- :last string       the last one, included
-- :due string        YYYY-MM-DD HH:MM:SS, UTC
with sent as (
    -- A replay that was resumed may tell of a row twice.
    select
        event_id, max(acknowledged_at) as acknowledged_at,
        max(case when outcome = 'failed' then 0 else 1 end) as may_arrive
    from ledger
    where replay_id = :replay_id and outcome <> 'rejected'
    group by event_id
),

held as (
    select event_id, count(*) as copies
    from page_views
    where datehour >= :first and datehour <= :last
    group by event_id
),

final as (
    select
        count(*) as expected,
        count(held.event_id) as present,
        coalesce(sum(held.copies - 1), 0) as repeats,
        sum(
            case
                when held.event_id is null and sent.may_arrive = 1 and sent.acknowledged_at >= cast(:due as timestamp)
                    then 1
                else 0
            end
        ) as late
    from sent
    left join held on sent.event_id = held.event_id
)

select expected, present, repeats, coalesce(late, 0) as late
from final
