-- One row: the bytes that one query has read of tables, in blocks of 1 MiB; none while the engine does not tell of it.
-- :query_id integer  the engine's number for the query
select sum(blocks_read) * 1048576 as scanned_bytes
from sys_query_detail
where query_id = :query_id and segment_id >= 0 and step_id = -1
