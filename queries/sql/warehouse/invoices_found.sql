-- One row per invoice that fits all that was asked for: :top of them after the first :skipped.
-- :ordered string     which come first: newest, highest, lowest or longest; of equals the newest
-- :top integer        how many
-- :skipped integer    how many lie on the pages before
with
-- include: invoices_fitting

placed as (
    select
        invoice_no, kind, first_at, customer, country, lines, units, net_sales,
        row_number() over (
            order by
                case
                    when :ordered = 'highest' then -net_sales
                    when :ordered = 'lowest' then net_sales
                    when :ordered = 'longest' then -cast(lines as decimal(18, 4))
                end,
                first_at desc, invoice_no desc
        ) as place,
        count(*) over () as found,
        sum(net_sales) over () as found_net_sales,
        max(last_at) over () as newest_at
    from fitting
)

select invoice_no, kind, first_at, customer, country, lines, units, net_sales, found, found_net_sales, newest_at
from placed
where place > :skipped and place <= :skipped + :top
order by place
