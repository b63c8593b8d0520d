-- One row per order line of a scope: `chosen`. place is 1 for the first line of an invoice.
-- Each line once, whatever number of times the lake's files hold it.
-- :first string         the first arrival hour to read, as yyyy/MM/dd/HH
-- :last string          the last one, included
-- :since string         the first moment of invoicing, UTC
-- :until string         the first moment after the last, UTC
-- :country string       one country, or '' for all
-- :dow integer          a day of the week, 0 for Sunday, or -1 for all
-- :hour_of_day integer  0 to 23, or -1 for all
arrived as (
    select
        event_id, invoice_no, line_no, country, quantity, invoice_date,
        cast(unit_price as decimal(12, 4)) as unit_price,
        row_number() over (partition by event_id order by sent_at desc) as recency
    from orders
    where datehour >= :first and datehour <= :last
),

lines as (
    select
        country, invoice_date, quantity,
        quantity * unit_price as amount,
        case
            when upper(substr(invoice_no, 1, 1)) = 'C' then 'return'
            when upper(substr(invoice_no, 1, 1)) between 'A' and 'Z' then 'adjustment'
            else 'order'
        end as kind,
        row_number() over (partition by invoice_no order by invoice_date, line_no, event_id) as place
    from arrived
    where recency = 1
),

chosen as (
    select country, invoice_date, quantity, amount, kind, place
    from lines
    where invoice_date >= cast(:since as timestamp) and invoice_date < cast(:until as timestamp)
        and (:country = '' or country = :country)
        and (:dow = -1 or mod(day_of_week(invoice_date), 7) = :dow)
        and (:hour_of_day = -1 or hour(invoice_date) = :hour_of_day)
),
