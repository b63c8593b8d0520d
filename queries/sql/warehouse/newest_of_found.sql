-- One row: the newest day with order lines of the first :top products that fit what was typed; null without any.
-- :top integer  how many
with
-- include: products_fitting

final as (
    select max(sold.day) as newest
    from sales_by_day_product as sold
    join fitting on fitting.stock_code = sold.stock_code
    where fitting.place <= :top
)

select newest
from final
