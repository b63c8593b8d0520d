-- One row per hour and country of a scope that has order lines: `hours`.
-- :since timestamp      the first moment, UTC
-- :until timestamp      the first moment after the last, UTC
-- :country string       one country, or '' for all
-- :dow integer          a day of the week, 0 for Sunday, or -1 for all
-- :hour_of_day integer  0 to 23, or -1 for all
hours as (
    select hour, net_sales, gross_sales, returns, adjustments, orders, return_orders, units, lines
    from sales_by_hour_country
    where hour >= :since and hour < :until
        and (:country = '' or country = :country)
        and (:dow = -1 or mod(cast(extract(dow from hour) as integer), 7) = :dow)
        and (:hour_of_day = -1 or extract(hour from hour) = :hour_of_day)
),
