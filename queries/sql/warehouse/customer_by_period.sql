-- One row per day, month or year (:by) with invoices of one customer, in order.
-- :customer_id integer  an id, or -1 for the invoices without one
-- :by string            day, month or year
with invoices as (
    select date_trunc(:by, first_at) as period, kind, net_sales
    from invoices_summary
    where customer_id = :customer_id or (:customer_id = -1 and customer_id is null)
),

final as (
    select
        period,
        sum(net_sales) as net_sales,
        sum(case when kind = 'order' then net_sales else 0 end) as gross_sales,
        sum(case when kind = 'return' then net_sales else 0 end) as returns,
        sum(case when kind = 'order' then 1 else 0 end) as orders
    from invoices
    group by period
)

select period, net_sales, gross_sales, returns, orders
from final
order by period
