-- One row: the bytes that one query has read of tables; none while the engine does not tell of it.
-- :query_id integer  the engine's number for the query
select sum(input_bytes) as scanned_bytes
from sys_query_detail
where query_id = :query_id and trim(metrics_level) = 'step' and trim(step_name) = 'scan' and table_id > 0
