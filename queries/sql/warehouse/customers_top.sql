-- One row per customer, the :top by net sales of all time, and place 0 for who bought without a customer id.
-- A customer's country is that of the latest invoice. Who has no id has none: of a country it is the invoices' own, and
-- the last of them is known by its day.
-- :country string  one country, or '' for all
-- :top integer     how many
with known as (
    select
        summary.customer, summary.net_sales, summary.orders, summary.returns, summary.units, summary.last_at,
        customers_orders.country, customers_orders.first_order_at, customers_orders.last_order_at
    from customers_summary as summary
    join customers_orders on customers_orders.customer_id = summary.customer_id
    where :country = '' or customers_orders.country = :country
    order by summary.net_sales desc, summary.customer
    limit :top
),

nobody_there as (
    select
        sum(invoices) as invoices, sum(net_sales) as net_sales,
        cast(sum(case when kind = 'order' then invoices else 0 end) as bigint) as orders,
        sum(case when kind = 'return' then net_sales else 0 end) as returns, cast(sum(units) as bigint) as units,
        cast(max(day) as timestamp) as last_at
    from invoices_by_day
    where standing = 'no customer id' and country = :country
),

final as (
    select
        row_number() over (order by net_sales desc, customer) as place, customer, country, net_sales, orders, returns,
        units, last_at
    from known
    union all
    select 0, customer, cast(null as varchar(1000)), net_sales, orders, returns, units, last_at
    from customers_summary
    where customer = 'no customer id' and :country = ''
    union all
    select 0, 'no customer id', cast(null as varchar(1000)), net_sales, orders, returns, units, last_at
    from nobody_there
    where invoices > 0
)

select place, customer, country, net_sales, orders, returns, units, last_at
from final
order by place
