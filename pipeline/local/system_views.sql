-- What Redshift keeps itself. Run at each start: what is there stays.

create sequence if not exists sys_query_id;

-- One row per row that a COPY left out; the local COPY fills it. Columns and types: Redshift developer guide, "SYS_LOAD_ERROR_DETAIL".
create table if not exists sys_load_error_detail (
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

-- One row per table that a query has read, as a segment of it. These of the columns there, with their types, and blocks
-- of 1 MiB as there, of which a table has whole ones: Redshift developer guide, "SYS_QUERY_DETAIL".
create unlogged table if not exists sys_query_detail (
    user_id integer,
    query_id bigint,
    segment_id integer,
    step_id integer,
    end_time timestamp,
    blocks_read bigint,
    metrics_level text
);

create index if not exists sys_query_detail_of_query on sys_query_detail (query_id);

-- The number of the session's last query that read a table, -1 without any. Redshift developer guide,
-- "LAST_USER_QUERY_ID". Here the call ends what counts as one query: all that its transaction has read of tables, with
-- their indexes and what is stored beside, in memory or not. PostgreSQL counts pages as often as they are fetched, by an
-- index for each row: so it is no more than there is of them. Of the last 10,000 queries the details are kept.
create or replace function last_user_query_id() returns bigint language plpgsql as $$
declare
    known bigint := coalesce(nullif(current_setting('weir.last_user_query_id', true), ''), '-1');
    number bigint := nextval('sys_query_id');
begin
    insert into sys_query_detail
    select
        to_regrole(current_user::text)::oid::integer, number, row_number() over () - 1, -1,
        clock_timestamp() at time zone 'utc',
        ceil(
            sum(
                least(
                    pg_stat_get_xact_blocks_fetched(read.relation) * current_setting('block_size')::integer,
                    pg_relation_size(read.relation)
                )
            ) / 1048576
        ),
        'segment'
    from pg_class as tables
    join (
        select oid as table_id, oid as relation from pg_class
        union all
        select oid, reltoastrelid from pg_class
        union all
        select indrelid, indexrelid from pg_index
    ) as read on read.table_id = tables.oid
    where tables.relkind = 'r' and tables.relnamespace = current_schema::regnamespace
        and tables.relname not like 'sys\_%' and pg_stat_get_xact_blocks_fetched(read.relation) > 0
    group by tables.oid;
    if not found then
        return known;
    end if;
    delete from sys_query_detail where query_id <= number - 10000;
    perform set_config('weir.last_user_query_id', number::text, false);
    -- The counts of the transaction begin at nothing again only once they are passed on.
    perform pg_stat_force_next_flush();
    return number;
end
$$;
