-- One row per invoice that fits all that was asked for: `fitting`.
-- :since timestamp    the first moment, UTC
-- :until timestamp    the first moment after the last, UTC
-- :country string     one country, or '' for all
-- :customer string    a customer's id as text, 'no customer id', or '' for all
-- :prefix string      how its number begins, or '' for any
-- :kind string        order, return, adjustment, or '' for all
-- :least decimal      its least value in GBP
-- :below decimal      what its value in GBP is less than
-- :aside integer      1 for values without their sign, 0 as they are
valued as (
    select
        invoice_no, kind, first_at, last_at, coalesce(cast(customer_id as varchar(32)), 'no customer id') as customer,
        country, lines, units, net_sales, case when :aside = 1 then abs(net_sales) else net_sales end as worth
    from invoices_summary
    where first_at >= :since and first_at < :until
        and (:country = '' or country = :country)
        and (:customer = '' or coalesce(cast(customer_id as varchar(32)), 'no customer id') = :customer)
        and (:prefix = '' or substring(invoice_no, 1, length(:prefix)) = :prefix)
        and (:kind = '' or kind = :kind)
),

fitting as (
    select invoice_no, kind, first_at, last_at, customer, country, lines, units, net_sales
    from valued
    where worth >= :least and worth < :below
),
