-- One row per customer with an id; the country is that of the latest invoice, first_order is null for returns alone.
select
    customer_id,
    max(case when from_last = 1 then country end) as country,
    max(case when kind = 'order' and of_kind = 1 then invoice_no end) as first_order,
    min(case when kind = 'order' then first_at end) as first_order_at,
    max(case when kind = 'order' then first_at end) as last_order_at,
    sum(case when kind = 'order' then 1 else 0 end) as orders,
    sum(net_sales) as net_sales
from (
    select
        customer_id, invoice_no, kind, first_at, country, net_sales,
        row_number() over (partition by customer_id order by first_at desc, invoice_no desc) as from_last,
        row_number() over (partition by customer_id, kind order by first_at, invoice_no) as of_kind
    from invoices_summary
    where customer_id is not null
) as known
group by customer_id
