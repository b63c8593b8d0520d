-- One row: how many rows of replay :replay_id the lake should hold, holds, holds more than once, and may still get.
-- :first string  the first arrival hour to look in, as yyyy/MM/dd/HH
-- :last string   the last one, included
with
-- include: rows_sent

held as (
    select event_id, count(*) as copies
    from orders
    where datehour >= :first and datehour <= :last
    group by event_id
),

-- include: rows_held
