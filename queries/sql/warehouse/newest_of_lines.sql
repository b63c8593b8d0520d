-- One row: the newest moment of the order lines of a scope; null without any. Read from order_lines, as lines_of_scope is.
with
-- include: lines_of_scope

final as (
    select max(invoice_date) as newest
    from lines
)

select newest
from final
