-- One row per country that anything was ever sold to or returned from, in the order of the alphabet.
with final as (
    select country
    from sales_by_hour_country
    group by country
)

select country
from final
order by country
