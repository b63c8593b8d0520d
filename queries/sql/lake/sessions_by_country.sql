-- One row per destination and country of the browse sessions that arrived from :first to :last.
-- `products` is the sum of different products viewed in each session, `quantity` of pieces, `in_cart` of those in carts.
-- :first string  the first arrival hour, as yyyy/MM/dd/HH
-- :last string   the last arrival hour, included
with usa as (
    select
        country, overall_product_quantity, overall_in_shopping_cart, total_different_products,
        row_number() over (partition by event_id order by sent_at desc, datehour desc) as recency
    from sessions_usa
    where datehour >= :first and datehour <= :last
),

international as (
    select
        country, overall_product_quantity, overall_in_shopping_cart, total_different_products,
        row_number() over (partition by event_id order by sent_at desc, datehour desc) as recency
    from sessions_international
    where datehour >= :first and datehour <= :last
),

both as (
    select
        'USA' as destination,
        country, overall_product_quantity, overall_in_shopping_cart, total_different_products
    from usa
    where recency = 1
    union all
    select
        'International' as destination,
        country, overall_product_quantity, overall_in_shopping_cart, total_different_products
    from international
    where recency = 1
),

final as (
    select
        destination, country,
        count(*) as sessions,
        sum(total_different_products) as products,
        sum(overall_product_quantity) as quantity,
        sum(overall_in_shopping_cart) as in_cart
    from both
    group by destination, country
)

select destination, country, sessions, products, quantity, in_cart
from final
order by sessions desc, destination, country
