-- One row: one customer's sums of all time and scores; no row for a customer who is unknown.
-- :customer string  an id as text, or 'no customer id'
with scored as (
    select
        summary.customer, summary.first_at, summary.last_at, summary.net_sales, summary.gross_sales, summary.returns,
        summary.adjustments, summary.orders, summary.return_orders, summary.units, summary.lines,
        known.country, known.first_order_at, known.last_order_at,
        max(case when known.last_order_at >= cutoff.recency_from then cutoff.score else 0 end) as recency,
        max(case when known.orders >= cutoff.frequency_from then cutoff.score else 0 end) as frequency,
        max(
            case when known.orders > 0 and known.net_sales >= cutoff.monetary_from then cutoff.score else 0 end
        ) as monetary
    from customers_summary as summary
    left join customers_orders as known on known.customer_id = summary.customer_id
    left join rfm_cutoffs as cutoff on cutoff.score > 0
    where summary.customer = :customer
    group by
        summary.customer, summary.first_at, summary.last_at, summary.net_sales, summary.gross_sales, summary.returns,
        summary.adjustments, summary.orders, summary.return_orders, summary.units, summary.lines,
        known.country, known.first_order_at, known.last_order_at
)

select
    customer, first_at, last_at, net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines,
    country, first_order_at, last_order_at, recency, frequency, monetary
from scored
