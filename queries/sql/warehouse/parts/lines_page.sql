-- One row per order line of `chosen`, by time, invoice and line; :top of them after the first :skipped.
-- :top integer      how many
-- :skipped integer  how many lie on the pages before
final as (
    select
        event_id, invoice_no, line_no, stock_code, description, quantity, invoice_date, unit_price, customer_id,
        country, amount
    from chosen
)

select
    event_id, invoice_no, line_no, stock_code, description, quantity, invoice_date, unit_price, customer_id, country,
    amount
from final
order by invoice_date, invoice_no, coalesce(line_no, 0), event_id
limit :top offset :skipped
