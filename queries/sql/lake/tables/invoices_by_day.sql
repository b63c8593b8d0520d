-- One row per day, country, kind of invoice, standing of its customer and band of value (merge_customers.sql).
select
    day, country, kind, standing,
    case
        when worth = 0 then 0
        when worth < 10 then 1
        when worth < 25 then 10
        when worth < 50 then 25
        when worth < 100 then 50
        when worth < 250 then 100
        when worth < 500 then 250
        when worth < 1000 then 500
        when worth < 2500 then 1000
        when worth < 5000 then 2500
        when worth < 10000 then 5000
        else 10000
    end as band,
    count(*) as invoices, sum(net_sales) as net_sales, sum(units) as units, sum(lines) as lines
from (
    select
        cast(date_trunc('day', invoice.first_at) as date) as day, invoice.country, invoice.kind,
        case
            when invoice.customer_id is null then 'no customer id'
            when known.customer_id is null then 'returning'
            else 'new'
        end as standing,
        abs(invoice.net_sales) as worth, invoice.net_sales, invoice.units, invoice.lines
    from invoices_summary as invoice
    left join customers_orders as known on known.customer_id = invoice.customer_id
        and known.first_order = invoice.invoice_no
) as standing
group by 1, 2, 3, 4, 5
