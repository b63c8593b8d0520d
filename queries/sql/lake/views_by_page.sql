-- One row per page, the :most with the most views of those that arrived from :first to :last.
-- `seconds` is the mean time spent over the `timed` views that tell it; `all_views` and `all_pages` are of every page.
-- :most integer  rows at most
with
-- include: views_arrived

by_page as (
    select
        page,
        sum(views) as views,
        count(distinct session_id) as sessions,
        count(time_spent) as timed,
        avg(time_spent) as seconds
    from arrived
    where recency = 1
    group by page
),

final as (
    select
        page, views, sessions, timed, seconds,
        sum(views) over () as all_views,
        count(*) over () as all_pages
    from by_page
)

select page, views, sessions, timed, seconds, all_views, all_pages
from final
order by views desc, page
limit :most
