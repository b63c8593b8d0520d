-- One row per event of audit_names and place that holds it: order_lines, or orders_landing where it waits for a merge.
select distinct audit_names.event_id, 'landed' as place
from audit_names
join orders_landing on orders_landing.event_id = audit_names.event_id

union all

select audit_names.event_id, 'merged' as place
from audit_names
join order_lines on order_lines.event_id = audit_names.event_id
