-- One row: the newest moment of the invoices, begun in a period, of the customers asked about; null without any.
-- :since timestamp  the first moment, UTC
-- :until timestamp  the first moment after the last, UTC
-- :country string   one country, or '' for all
-- :at_home integer  1 when it is the customers' country, that of their latest invoice; 0 when it is the invoices' own
with
-- include: who

final as (
    select max(invoice.last_at) as newest
    from invoices_summary as invoice
    join who on who.customer_id = invoice.customer_id
    where invoice.first_at >= :since and invoice.first_at < :until
        and (:country = '' or (case when :at_home = 1 then who.country else invoice.country end) = :country)
)

select newest
from final
