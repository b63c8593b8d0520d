-- One row: the first and the newest invoice date that the warehouse knows; both null when it holds nothing.
with final as (
    select min(first_at) as first_at, max(last_at) as newest_at, coalesce(sum(lines), 0) as lines
    from customers_summary
)

select first_at, newest_at, lines
from final
