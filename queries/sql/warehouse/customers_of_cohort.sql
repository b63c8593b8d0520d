-- One row per customer of a cohort who ordered in one month, and of a segment, by gross sales in it; found counts them all.
-- Of them :top after the first :skipped.
-- :country string  one country, or '' for all
-- :top integer     how many
-- :skipped integer how many lie on the pages before
with
-- include: who

fitting as (
    select
        who.customer_id, who.country, held.orders, held.gross_sales, who.first_order_at, who.last_order_at,
        row_number() over (order by held.gross_sales desc, who.customer_id) as place,
        count(*) over () as found
    from who
    join customers_by_month as held on held.customer_id = who.customer_id
    where held.month = :month
        and (:country = '' or who.country = :country)
)

select customer_id, country, orders, gross_sales, first_order_at, last_order_at, found
from fitting
where place > :skipped and place <= :skipped + :top
order by place
