-- One row per row that a COPY left out at :since or later: the file, its line, the column and why; the first :most.
-- :since string  YYYY-MM-DD HH:MM:SS, UTC
-- :most integer  rows at most
select
    start_time, trim(file_name) as file_name, line_number, trim(column_name) as column_name,
    trim(error_message) as error_message
from sys_load_error_detail
where start_time >= cast(:since as timestamp)
order by start_time, file_name, line_number
limit :most
