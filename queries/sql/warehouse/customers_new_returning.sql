-- One row per day, month or year (:by) with invoices: orders and net sales of new and returning customers, and of no customer id.
-- New is a customer's first order of all.
-- :since timestamp  the first moment, UTC
-- :until timestamp  the first moment after the last, UTC
-- :by string        day, month or year
-- :country string   one country, or '' for all
with days as (
    select
        date_trunc(:by, cast(day as timestamp)) as period, standing,
        case when kind = 'order' then invoices else 0 end as orders, net_sales
    from invoices_by_day
    where day >= :since and day < :until
        and (:country = '' or country = :country)
),

final as (
    select
        period,
        sum(case when standing = 'new' then orders else 0 end) as new_orders,
        sum(case when standing = 'returning' then orders else 0 end) as returning_orders,
        sum(case when standing = 'no customer id' then orders else 0 end) as nobody_orders,
        sum(case when standing = 'new' then net_sales else 0 end) as new_net_sales,
        sum(case when standing = 'returning' then net_sales else 0 end) as returning_net_sales,
        sum(case when standing = 'no customer id' then net_sales else 0 end) as nobody_net_sales
    from days
    group by period
)

select
    period, new_orders, returning_orders, nobody_orders, new_net_sales, returning_net_sales, nobody_net_sales
from final
order by period
