-- What Redshift keeps itself, and the local COPY fills.

create sequence sys_query_id;

-- One row per row that a COPY left out. Columns and types: Redshift developer guide, "SYS_LOAD_ERROR_DETAIL".
create table sys_load_error_detail (
    user_id integer,
    query_id bigint,
    transaction_id bigint,
    session_id integer,
    database_name character(64),
    table_id integer,
    start_time timestamp,
    file_name character(256),
    line_number bigint,
    column_name character(127),
    column_type character(10),
    column_length character(10),
    position integer,
    error_code integer,
    error_message character(512)
);
