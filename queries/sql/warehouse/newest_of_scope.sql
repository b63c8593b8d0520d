-- One row: the newest hour of a scope in which it has order lines; null without any.
with
-- include: hours_of_scope

final as (
    select max(hour) as newest
    from hours
)

select newest
from final
