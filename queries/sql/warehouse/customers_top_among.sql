-- One row per customer of those asked about, the :top by net sales of all time.
-- A customer's country is that of the latest invoice. Who bought without a customer id is none of them.
-- :country string  one country, or '' for all
-- :top integer     how many
with
-- include: who

known as (
    select
        row_number() over (order by summary.net_sales desc, summary.customer) as place, summary.customer, who.country,
        summary.net_sales, summary.orders, summary.returns, summary.units, summary.last_at
    from customers_summary as summary
    join who on who.customer_id = summary.customer_id
    where :country = '' or who.country = :country
)

select place, customer, country, net_sales, orders, returns, units, last_at
from known
where place <= :top
order by place
