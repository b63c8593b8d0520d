-- One row per invoice, the :top of greatest value in a period and country; the greatest first.
-- :since timestamp  the first moment, UTC
-- :until timestamp  the first moment after the last, UTC
-- :country string   one country, or '' for all
-- :top integer      how many
select
    invoice_no, kind, first_at, coalesce(cast(customer_id as varchar(32)), 'no customer id') as customer,
    country, lines, units, net_sales
from invoices_summary
where first_at >= :since and first_at < :until
    and (:country = '' or country = :country)
order by net_sales desc, invoice_no
limit :top
