-- One row per order line of the invoices that fit all that was asked for: `lines`.
lines as (
    select
        line.event_id, line.invoice_no, line.line_no, line.stock_code, line.description, line.quantity,
        line.invoice_date, line.unit_price, line.customer_id, line.country, line.quantity * line.unit_price as amount
    from order_lines as line
    join fitting on fitting.invoice_no = line.invoice_no
),
