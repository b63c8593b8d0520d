-- One row per place in the warehouse where the event :event_id is: landed (orders_landing) and merged (order_lines).
-- :event_id string  the event
select 'landed' as place, sent_at, landed_at, cast(null as timestamp) as merged_at, replay_id
from orders_landing
where event_id = :event_id
union all
select 'merged' as place, sent_at, landed_at, merged_at, replay_id
from order_lines
where event_id = :event_id
