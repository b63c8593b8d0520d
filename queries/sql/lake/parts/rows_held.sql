-- One row: how many of the rows `sent` are `held`, how often more than once, and how many may still come.
-- A row acknowledged at :due or later may still wait in a buffer.
-- :due string  YYYY-MM-DD HH:MM:SS, UTC
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
