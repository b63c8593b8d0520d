-- One row per product; its description is the latest one that it was sold under, else the latest one.
select named.stock_code, max(line.description) as description
from (
    select
        stock_code,
        max(case when description is not null and unit_price > 0 then invoice_date end) as sold_at,
        max(case when description is not null then invoice_date end) as named_at
    from order_lines
    group by stock_code
) as named
left join order_lines as line on line.stock_code = named.stock_code
    and line.invoice_date = coalesce(named.sold_at, named.named_at)
    and (named.sold_at is null or line.unit_price > 0)
group by named.stock_code
