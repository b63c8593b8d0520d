-- One row per page view that arrived from :first to :last and time that the lake's files hold it; recency 1 is the one
-- that counts. A record that somebody put into the clicks stream unchecked lies in the lake with nulls where the
-- contract wants values: it is no view and is left out. The page counter keeps it as a dead letter, with its reason.
-- :first string  the first arrival hour, as yyyy/MM/dd/HH
-- :last string   the last arrival hour, included
arrived as (
    select
        occurred_at, session_id, page, source, "count" as views, time_spent,
        row_number() over (partition by event_id order by sent_at desc, datehour desc) as recency
    from page_views
    where datehour >= :first and datehour <= :last
        and event_id is not null and occurred_at is not null and page is not null and "count" is not null
),
