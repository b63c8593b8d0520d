-- One row per order line of the invoices that fit all that was asked for, by time, invoice and line; found counts all.
-- Of them :top after the first :skipped.
-- :top integer        how many
-- :skipped integer    how many lie on the pages before
with
-- include: invoices_fitting

final as (
    select
        line.event_id, line.invoice_no, line.line_no, line.stock_code, line.description, line.quantity,
        line.invoice_date, line.unit_price, line.customer_id, line.country, line.quantity * line.unit_price as amount,
        count(*) over () as found
    from order_lines as line
    join fitting on fitting.invoice_no = line.invoice_no
)

select
    event_id, invoice_no, line_no, stock_code, description, quantity, invoice_date, unit_price, customer_id, country,
    amount, found
from final
order by invoice_date, invoice_no, coalesce(line_no, 0), event_id
limit :top offset :skipped
