-- One row per order line of a scope: `lines`.
-- :since timestamp      the first moment, UTC
-- :until timestamp      the first moment after the last, UTC
-- :country string       one country, or '' for all
-- :dow integer          a day of the week, 0 for Sunday, or -1 for all
-- :hour_of_day integer  0 to 23, or -1 for all
-- :product string       a stock code, or '' for all
-- :customer string      a customer's id as text or 'no customer id', or '' for all
lines as (
    select
        line.event_id, line.invoice_no, line.line_no, line.stock_code, line.description, line.quantity,
        line.invoice_date, line.unit_price, line.customer_id, line.country, line.quantity * line.unit_price as amount
    from order_lines as line
    where line.invoice_date >= :since and line.invoice_date < :until
        and (:country = '' or line.country = :country)
        and (:dow = -1 or mod(cast(extract(dow from line.invoice_date) as integer), 7) = :dow)
        and (:hour_of_day = -1 or extract(hour from line.invoice_date) = :hour_of_day)
        and (:product = '' or line.stock_code = :product)
        and (:customer = '' or coalesce(cast(line.customer_id as varchar(32)), 'no customer id') = :customer)
),
