-- One row per product whose code begins with, or whose description holds, what was typed; at most :top.
-- :code string     the beginning of a code, in capitals
-- :words string    a LIKE pattern for the description, in capitals
-- :top integer     how many
with found as (
    select
        stock_code, description,
        row_number() over (
            order by case when stock_code = :code then 0 else 1 end, description, stock_code
        ) as place
    from products
    where substring(upper(stock_code), 1, length(:code)) = :code or upper(description) like :words escape '!'
)

select stock_code, description
from found
where place <= :top
order by place
