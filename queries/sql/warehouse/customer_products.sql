-- One row per product that one customer bought or returned, the :top by net sales first; found counts them all.
-- Reads the order lines of the customer's invoices: asked for one customer at a time.
-- :customer_id integer  an id, or -1 for the invoices without one
-- :top integer          how many
with bought as (
    select
        line.stock_code, sum(line.quantity * line.unit_price) as net_sales, sum(line.quantity) as units,
        count(distinct case when invoice.kind = 'order' then line.invoice_no end) as orders,
        max(line.invoice_date) as last_at
    from invoices_summary as invoice
    join order_lines as line on line.invoice_no = invoice.invoice_no
    where invoice.customer_id = :customer_id or (:customer_id = -1 and invoice.customer_id is null)
    group by line.stock_code
),

ranked as (
    select
        stock_code, net_sales, units, orders, last_at,
        row_number() over (order by net_sales desc, stock_code) as place,
        count(*) over () as found
    from bought
),

final as (
    select
        ranked.place, ranked.stock_code, products.description, ranked.net_sales, ranked.units, ranked.orders,
        ranked.last_at, ranked.found
    from ranked
    left join products on products.stock_code = ranked.stock_code
    where ranked.place <= :top
)

select place, stock_code, description, net_sales, units, orders, last_at, found
from final
order by place
