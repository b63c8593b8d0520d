-- One row per product whose code begins with, or whose description holds, what was typed, with its place: `fitting`.
-- :code string   the beginning of a code, in capitals
-- :words string  a LIKE pattern for the description, in capitals
fitting as (
    select
        stock_code, description,
        row_number() over (
            order by case when stock_code = :code then 0 else 1 end, description, stock_code
        ) as place
    from products
    where substring(upper(stock_code), 1, length(:code)) = :code or upper(description) like :words escape '!'
),
