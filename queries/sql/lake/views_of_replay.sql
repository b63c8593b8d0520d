-- One row: the events of replay :replay_id in `page_views_once`, how many ids they have, the views they stand for.
-- :replay_id string  the replay
-- :first string      the first arrival hour to look in, as yyyy/MM/dd/HH
-- :last string       the last one, included
with final as (
    select count(*) as events, count(distinct event_id) as ids, coalesce(sum("count"), 0) as views
    from page_views_once
    where replay_id = :replay_id and datehour >= :first and datehour <= :last
)

select events, ids, views
from final
