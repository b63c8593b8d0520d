-- One row per session that arrived in either table from :first to :last: `arrived`.
-- :first string  the first arrival hour to look in, as yyyy/MM/dd/HH
-- :last string   the last one, included
arrived as (
    select event_id
    from sessions_usa
    where datehour >= :first and datehour <= :last
    union all
    select event_id
    from sessions_international
    where datehour >= :first and datehour <= :last
),
