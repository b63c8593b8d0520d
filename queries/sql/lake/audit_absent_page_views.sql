-- One row per row of replay :replay_id that `page_views` does not hold, the missing before the late: the first :most.
-- :first string  the first arrival hour to look in, as yyyy/MM/dd/HH
-- :last string   the last one, included
with
-- include: rows_sent

held as (
    select distinct event_id
    from page_views
    where datehour >= :first and datehour <= :last
),

-- include: rows_not_held
