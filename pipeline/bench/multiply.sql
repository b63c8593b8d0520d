-- The invoices of one month :times times less one, as they would land: under new numbers, at other hours of the same
-- day. One row per copy of an order line. For the local warehouse only: Redshift has no generate_series for tables.
insert into orders_landing (
    event_id, invoice_no, line_no, stock_code, description, quantity, invoice_date, unit_price, customer_id, country,
    replay_id, sent_at
)
select
    invoice.copy_no || '-' || line.event_id, invoice.copy_no, line.line_no, line.stock_code, line.description,
    line.quantity,
    line.invoice_date + (invoice.moved - invoice.first_at),
    line.unit_price, line.customer_id, line.country, 'multiplied', line.sent_at
from (
    select
        invoice_no, first_at,
        -- C and A stay in front: they say what kind of invoice it is.
        invoice_no || case when kind = 'order' then 'x' else 'X' end || again as copy_no,
        date_trunc('day', first_at) + interval '8 hours'
            + interval '1 minute' * mod(abs(hashtext(invoice_no || again)), 600) as moved
    from invoices_summary
    cross join generate_series(2, %(times)s) as again
    where first_at >= %(month)s and first_at < %(month)s + interval '1 month'
) as invoice
join order_lines as line on line.invoice_no = invoice.invoice_no
