-- One row per order line of `chosen`, by time, invoice and line; the first :top of those after the last one of a page.
-- :after_at timestamp   the invoice date of the last one seen; one before all at first
-- :after_invoice string its InvoiceNo, or '' at first
-- :after_line integer   its LineNo, 0 for none
-- :after_event string   its EventID, or '' at first
-- :top integer          how many
final as (
    select
        event_id, invoice_no, line_no, stock_code, description, quantity, invoice_date, unit_price, customer_id,
        country, amount
    from chosen
    where invoice_date >= :after_at
        and (
            invoice_date > :after_at
            or invoice_no > :after_invoice
            or (invoice_no = :after_invoice and coalesce(line_no, 0) > :after_line)
            or (
                invoice_no = :after_invoice
                and coalesce(line_no, 0) = :after_line
                and event_id > :after_event
            )
        )
)

select
    event_id, invoice_no, line_no, stock_code, description, quantity, invoice_date, unit_price, customer_id, country,
    amount
from final
order by invoice_date, invoice_no, coalesce(line_no, 0), event_id
limit :top
