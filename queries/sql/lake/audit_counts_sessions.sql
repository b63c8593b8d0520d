-- One row: how many rows of replay :replay_id the two tables of sessions should hold, holds, holds more than once, and may still get.
with
-- include: rows_sent

-- include: sessions_arrived

held as (
    select event_id, count(*) as copies
    from arrived
    group by event_id
),

-- include: rows_held
