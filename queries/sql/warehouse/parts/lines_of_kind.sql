-- One row per order line of `lines` on an invoice of a kind: `chosen`.
-- :of_kind string  order, return (InvoiceNo begins with C), adjustment (another letter), or '' for all
chosen as (
    select
        event_id, invoice_no, line_no, stock_code, description, quantity, invoice_date, unit_price, customer_id,
        country, amount
    from lines
    where :of_kind = ''
        or :of_kind = case
            when upper(substring(invoice_no, 1, 1)) = 'C' then 'return'
            when upper(substring(invoice_no, 1, 1)) between 'A' and 'Z' then 'adjustment'
            else 'order'
        end
),
