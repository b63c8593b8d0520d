-- One row: how many order lines the warehouse holds that this replay sent last.
select count(*) as lines
from order_lines
where replay_id = :replay_id
