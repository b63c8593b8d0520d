-- One row per order line of the customers asked about, by time, invoice and line; found counts them all.
-- Of them :top after the first :skipped.
-- :since timestamp   the first moment, UTC
-- :until timestamp   the first moment after the last, UTC
-- :country string    one country, or '' for all
-- :top integer       how many
-- :skipped integer   how many lie on the pages before
with
-- include: who

final as (
    select
        line.event_id, line.invoice_no, line.line_no, line.stock_code, line.description, line.quantity,
        line.invoice_date, line.unit_price, line.customer_id, line.country, line.quantity * line.unit_price as amount,
        count(*) over () as found
    from order_lines as line
    join who on who.customer_id = line.customer_id
    where line.invoice_date >= :since and line.invoice_date < :until
        and (:country = '' or line.country = :country)
)

select
    event_id, invoice_no, line_no, stock_code, description, quantity, invoice_date, unit_price, customer_id, country,
    amount, found
from final
order by invoice_date, invoice_no, coalesce(line_no, 0), event_id
limit :top offset :skipped
