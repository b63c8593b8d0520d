-- One row: how many are `chosen`.
final as (
    select count(*) as lines
    from chosen
)

select lines
from final
