-- One row per order line of one invoice, by line.
-- :invoice string  its number
select event_id, line_no, stock_code, description, quantity, unit_price
from order_lines
where invoice_no = :invoice
order by coalesce(line_no, 0), event_id
