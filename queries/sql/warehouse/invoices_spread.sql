-- One row per kind of invoice and band of value in a period and country: a band begins with its least value in GBP, sign aside.
-- Band 0 is worth nothing at all, band 1 is worth less than 10.
-- :since timestamp  the first moment, UTC
-- :until timestamp  the first moment after the last, UTC
-- :country string   one country, or '' for all
with final as (
    select
        kind, band, sum(invoices) as invoices, sum(net_sales) as net_sales, sum(units) as units, sum(lines) as lines
    from invoices_by_day
    where day >= :since and day < :until
        and (:country = '' or country = :country)
    group by kind, band
)

select kind, band, invoices, net_sales, units, lines
from final
order by kind, band
