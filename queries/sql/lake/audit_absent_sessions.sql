-- One row per row of replay :replay_id that neither table of sessions holds, the missing before the late: the first :most.
with
-- include: rows_sent

-- include: sessions_arrived

held as (
    select distinct event_id
    from arrived
),

-- include: rows_not_held
