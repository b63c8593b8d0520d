-- One row per order line that arrived in the lake, once however often its files hold it.
-- :first string  the first arrival hour to read, as yyyy/MM/dd/HH
-- :last string   the last one, included
select
    event_id, invoice_no, line_no, stock_code, description, quantity, invoice_date, unit_price, customer_id, country
from (
    select
        event_id, invoice_no, line_no, stock_code, description, quantity, invoice_date,
        cast(unit_price as decimal(12, 4)) as unit_price, customer_id, country,
        row_number() over (partition by event_id order by sent_at desc) as recency
    from orders
    where datehour >= :first and datehour <= :last
) as arrived
where recency = 1
