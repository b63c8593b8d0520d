-- One row per order line of the customers asked about, on invoices of a standing: `lines`.
-- :since timestamp  the first moment, UTC
-- :until timestamp  the first moment after the last, UTC
-- :country string   one country, or '' for all
-- :standing string  new for a customer's first order, returning for all else of a customer's, or '' for both
lines as (
    select
        line.event_id, line.invoice_no, line.line_no, line.stock_code, line.description, line.quantity,
        line.invoice_date, line.unit_price, line.customer_id, line.country, line.quantity * line.unit_price as amount
    from order_lines as line
    join who on who.customer_id = line.customer_id
    where line.invoice_date >= :since and line.invoice_date < :until
        and (:country = '' or line.country = :country)
        and (:standing = '' or case when line.invoice_no = who.first_order then 'new' else 'returning' end = :standing)
),
