-- One row: how many `lines` there are.
final as (
    select count(*) as lines
    from lines
)

select lines
from final
