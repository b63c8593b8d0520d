-- One row: the newest moment of one customer's invoices that begin in a period; null without any.
-- :since timestamp  the first moment, UTC
-- :until timestamp  the first moment after the last, UTC
-- :country string   one country, or '' for all
-- :customer string  a customer's id as text, or 'no customer id'
with final as (
    select max(last_at) as newest
    from invoices_summary
    where first_at >= :since and first_at < :until
        and (:country = '' or country = :country)
        and coalesce(cast(customer_id as varchar(32)), 'no customer id') = :customer
)

select newest
from final
