-- One row per customer of a segment, and of a cell of the cohorts, the greatest net sales first; found counts them all.
-- Of them :top after the first :skipped.
-- :country string  one country, or '' for all
-- :top integer     how many
-- :skipped integer how many lie on the pages before
with
-- include: who

fitting as (
    select
        customer_id, country, orders, net_sales, first_order_at, last_order_at, recency, frequency, monetary,
        row_number() over (order by net_sales desc, customer_id) as place,
        count(*) over () as found
    from who
    where :country = '' or country = :country
)

select customer_id, country, orders, net_sales, first_order_at, last_order_at, recency, frequency, monetary, found
from fitting
where place > :skipped and place <= :skipped + :top
order by place
