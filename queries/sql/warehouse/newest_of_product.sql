-- One row: the newest day of a period with order lines of one product, or of one country the newest month; null without any.
-- :since timestamp  the first moment, UTC
-- :until timestamp  the first moment after the last, UTC
-- :product string   its stock code
-- :country string   one country, or '' for all
with sold as (
    select max(day) as newest
    from sales_by_day_product
    where :country = '' and stock_code = :product and day >= :since and day < :until
    union all
    select max(month)
    from sales_by_month_product_country
    where country = :country and stock_code = :product and month >= :since and month < :until
),

final as (
    select max(newest) as newest
    from sold
)

select newest
from final
