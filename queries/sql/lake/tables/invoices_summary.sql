-- One row per invoice; country and customer_id are its first line's.
select
    invoice_no,
    case
        when upper(substring(invoice_no, 1, 1)) = 'C' then 'return'
        when upper(substring(invoice_no, 1, 1)) between 'A' and 'Z' then 'adjustment'
        else 'order'
    end as kind,
    min(invoice_date) as first_at,
    max(invoice_date) as last_at,
    max(case when line_rank = 1 then customer_id end) as customer_id,
    max(case when line_rank = 1 then country end) as country,
    count(*) as lines,
    sum(quantity) as units,
    sum(quantity * unit_price) as net_sales
from (
    select
        invoice_no, invoice_date, customer_id, country, quantity, unit_price,
        row_number() over (partition by invoice_no order by invoice_date, line_no, event_id) as line_rank
    from order_lines
) as ranked
group by invoice_no
