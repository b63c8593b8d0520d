-- One row per day, month or year (:by) with invoices of the customers asked about: orders and net sales, new and returning.
-- New is a customer's first order of all. The columns of no customer id are 0: who bought without one is none of them.
-- :since timestamp  the first moment, UTC
-- :until timestamp  the first moment after the last, UTC
-- :by string        day, month or year
-- :country string   one country, or '' for all
with
-- include: who

bought as (
    select
        date_trunc(:by, invoice.first_at) as period,
        case when invoice.invoice_no = who.first_order then 1 else 0 end as is_new,
        case when invoice.kind = 'order' then 1 else 0 end as orders, invoice.net_sales
    from invoices_summary as invoice
    join who on who.customer_id = invoice.customer_id
    where invoice.first_at >= :since and invoice.first_at < :until
        and (:country = '' or invoice.country = :country)
),

final as (
    select
        period,
        sum(case when is_new = 1 then orders else 0 end) as new_orders,
        sum(case when is_new = 0 then orders else 0 end) as returning_orders,
        0 as nobody_orders,
        sum(case when is_new = 1 then net_sales else 0 end) as new_net_sales,
        sum(case when is_new = 0 then net_sales else 0 end) as returning_net_sales,
        cast(0 as decimal(38, 4)) as nobody_net_sales
    from bought
    group by period
)

select
    period, new_orders, returning_orders, nobody_orders, new_net_sales, returning_net_sales, nobody_net_sales
from final
order by period
