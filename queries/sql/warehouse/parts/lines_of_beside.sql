-- One row per order line of two products, on those of the orders looked at that hold both: `lines`.
-- :product string  the stock code of the one
-- :beside string   that of the other
holding_both as (
    select distinct line.invoice_no
    from looked_at
    join order_lines as line on line.invoice_no = looked_at.invoice_no
    where line.stock_code = :beside
),

lines as (
    select
        line.event_id, line.invoice_no, line.line_no, line.stock_code, line.description, line.quantity,
        line.invoice_date, line.unit_price, line.customer_id, line.country, line.quantity * line.unit_price as amount
    from order_lines as line
    join holding_both on holding_both.invoice_no = line.invoice_no
    where line.stock_code = :product or line.stock_code = :beside
),
