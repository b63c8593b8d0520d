-- One row per row of a file that COPY refused since :since, the newest :top; the newest first.
-- :since timestamp  the first moment, UTC
-- :top integer      how many
with refused as (
    select
        start_time, file_name, line_number, column_name, error_code, error_message,
        row_number() over (order by start_time desc, file_name, line_number) as place
    from sys_load_error_detail
    where start_time >= :since
)

select start_time, file_name, line_number, column_name, error_code, error_message
from refused
where place <= :top
order by place
