-- One row per invoice of the :most newest orders that hold a product within a period: `looked_at`.
-- :since timestamp  the first moment, UTC
-- :until timestamp  the first moment after the last, UTC
-- :product string   its stock code
-- :most integer     how many of its orders are looked at
holding as (
    select distinct line.invoice_no, invoice.first_at
    from order_lines as line
    join invoices_summary as invoice on invoice.invoice_no = line.invoice_no
    where line.stock_code = :product and invoice.kind = 'order'
        and invoice.first_at >= :since and invoice.first_at < :until
),

newest as (
    select invoice_no, row_number() over (order by first_at desc, invoice_no desc) as place
    from holding
),

looked_at as (
    select invoice_no
    from newest
    where place <= :most
),
