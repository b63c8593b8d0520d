-- One row per row of replay :replay_id that a sink should hold: `sent`. may_arrive is 0 for what the target refused.
-- :replay_id string  the replay
sent as (
    -- A replay that was resumed may tell of a row twice.
    select
        event_id, min(line) as line, max(acknowledged_at) as acknowledged_at,
        max(case when outcome = 'failed' then 0 else 1 end) as may_arrive
    from ledger
    where replay_id = :replay_id and outcome <> 'rejected'
    group by event_id
),
