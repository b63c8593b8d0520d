-- One row per source and page, those with the most views of all that arrived from :first to :last.
-- What is not among the :most greatest sources or pages is folded into an empty name; no source at all is null.
-- :most integer  sources, and pages, that keep their names
with
-- include: views_arrived

flows as (
    select source, page, sum(views) as views
    from arrived
    where recency = 1
    group by source, page
),

totals as (
    select
        source, page, views,
        sum(views) over (partition by source) as of_source,
        sum(views) over (partition by page) as of_page
    from flows
),

placed as (
    select
        source, page, views,
        dense_rank() over (order by of_source desc, source) as source_place,
        dense_rank() over (order by of_page desc, page) as page_place
    from totals
),

named as (
    select
        case when source is null then null when source_place <= :most then source else '' end as source,
        case when page_place <= :most then page else '' end as page,
        views
    from placed
),

final as (
    select source, page, sum(views) as views
    from named
    group by source, page
)

select source, page, views
from final
order by views desc, source, page
