-- One row per product whose code begins with, or whose description holds, what was typed; at most :top.
-- :top integer  how many
with
-- include: products_fitting

final as (
    select stock_code, description, place
    from fitting
    where place <= :top
)

select stock_code, description
from final
order by place
