-- One row per customer, the :top by net sales of a period and country, and place 0 for who bought without a customer id.
-- Counts whole invoices by their first line. The country told is the customer's, that of the latest invoice of all.
-- :since timestamp  the first moment, UTC
-- :until timestamp  the first moment after the last, UTC
-- :country string   one country, or '' for all
-- :top integer      how many
with bought as (
    select
        customer_id, sum(net_sales) as net_sales,
        sum(case when kind = 'order' then 1 else 0 end) as orders,
        sum(case when kind = 'return' then net_sales else 0 end) as returns,
        sum(units) as units, max(last_at) as last_at
    from invoices_summary
    where first_at >= :since and first_at < :until
        and (:country = '' or country = :country)
    group by customer_id
),

ranked as (
    select
        case
            when customer_id is null then 0
            else row_number() over (
                partition by case when customer_id is null then 1 else 0 end order by net_sales desc, customer_id
            )
        end as place,
        customer_id, net_sales, orders, returns, units, last_at
    from bought
),

final as (
    select
        ranked.place, coalesce(cast(ranked.customer_id as varchar(32)), 'no customer id') as customer, known.country,
        ranked.net_sales, ranked.orders, ranked.returns, ranked.units, ranked.last_at
    from ranked
    left join customers_orders as known on known.customer_id = ranked.customer_id
    where ranked.place <= :top
)

select place, customer, country, net_sales, orders, returns, units, last_at
from final
order by place
