-- One row per customer of those asked about, the :top by net sales of a period and country.
-- Counts whole invoices by their first line. Who bought without a customer id is none of them. The country told is the
-- customer's, that of the latest invoice of all.
-- :since timestamp  the first moment, UTC
-- :until timestamp  the first moment after the last, UTC
-- :country string   one country, or '' for all
-- :top integer      how many
with
-- include: who

bought as (
    select
        invoice.customer_id, who.country, sum(invoice.net_sales) as net_sales,
        sum(case when invoice.kind = 'order' then 1 else 0 end) as orders,
        sum(case when invoice.kind = 'return' then invoice.net_sales else 0 end) as returns,
        sum(invoice.units) as units, max(invoice.last_at) as last_at
    from invoices_summary as invoice
    join who on who.customer_id = invoice.customer_id
    where invoice.first_at >= :since and invoice.first_at < :until
        and (:country = '' or invoice.country = :country)
    group by invoice.customer_id, who.country
),

ranked as (
    select
        row_number() over (order by net_sales desc, customer_id) as place, cast(customer_id as varchar(32)) as customer,
        country, net_sales, orders, returns, units, last_at
    from bought
)

select place, customer, country, net_sales, orders, returns, units, last_at
from ranked
where place <= :top
order by place
