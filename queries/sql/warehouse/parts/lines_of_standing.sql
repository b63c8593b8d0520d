-- One row per order line of all customers, on invoices of a standing: `lines`.
-- :since timestamp  the first moment, UTC
-- :until timestamp  the first moment after the last, UTC
-- :country string   one country, or '' for all
-- :standing string  new for a customer's first order, returning for all else of a customer's
lines as (
    select
        line.event_id, line.invoice_no, line.line_no, line.stock_code, line.description, line.quantity,
        line.invoice_date, line.unit_price, line.customer_id, line.country, line.quantity * line.unit_price as amount
    from order_lines as line
    join customers_orders as known on known.customer_id = line.customer_id
    where line.invoice_date >= :since and line.invoice_date < :until
        and (:country = '' or line.country = :country)
        and case when line.invoice_no = known.first_order then 'new' else 'returning' end = :standing
),
