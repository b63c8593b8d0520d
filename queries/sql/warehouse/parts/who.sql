-- One row per customer who is asked about: those of a segment by bounds of its scores, those of a cell of the cohorts: `who`.
-- merge_customers.sql tells how scores are counted; those of customers without orders are 0. The mean is that of
-- frequency and monetary, halves rounded up.
-- :least_recency integer      from 1 to 5, or 0 for those who never ordered
-- :greatest_recency integer   likewise
-- :least_frequency integer    likewise
-- :greatest_frequency integer likewise
-- :least_mean integer         likewise
-- :greatest_mean integer      likewise
-- :of_cell integer            1 for the customers of a cell of the cohorts alone, 0 for all
-- :cohort timestamp           the first day of the month of their first orders
-- :month timestamp            the first day of the month in which they ordered
cutoff as (
    select
        max(case when score = 2 then recency_from end) as recency_2,
        max(case when score = 3 then recency_from end) as recency_3,
        max(case when score = 4 then recency_from end) as recency_4,
        max(case when score = 5 then recency_from end) as recency_5,
        max(case when score = 2 then frequency_from end) as frequency_2,
        max(case when score = 3 then frequency_from end) as frequency_3,
        max(case when score = 4 then frequency_from end) as frequency_4,
        max(case when score = 5 then frequency_from end) as frequency_5,
        max(case when score = 2 then monetary_from end) as monetary_2,
        max(case when score = 3 then monetary_from end) as monetary_3,
        max(case when score = 4 then monetary_from end) as monetary_4,
        max(case when score = 5 then monetary_from end) as monetary_5
    from rfm_cutoffs
),

-- A score that nobody has is earned by nothing: its cutoff is null.
scored as (
    select
        known.customer_id, known.country, known.first_order, known.first_order_at, known.last_order_at, known.orders,
        known.net_sales,
        case
            when known.orders = 0 then 0
            when known.last_order_at >= cutoff.recency_5 then 5
            when known.last_order_at >= cutoff.recency_4 then 4
            when known.last_order_at >= cutoff.recency_3 then 3
            when known.last_order_at >= cutoff.recency_2 then 2
            else 1
        end as recency,
        case
            when known.orders = 0 then 0
            when known.orders >= cutoff.frequency_5 then 5
            when known.orders >= cutoff.frequency_4 then 4
            when known.orders >= cutoff.frequency_3 then 3
            when known.orders >= cutoff.frequency_2 then 2
            else 1
        end as frequency,
        case
            when known.orders = 0 then 0
            when known.net_sales >= cutoff.monetary_5 then 5
            when known.net_sales >= cutoff.monetary_4 then 4
            when known.net_sales >= cutoff.monetary_3 then 3
            when known.net_sales >= cutoff.monetary_2 then 2
            else 1
        end as monetary
    from customers_orders as known
    cross join cutoff
),

who as (
    select
        scored.customer_id, scored.country, scored.first_order, scored.first_order_at, scored.last_order_at,
        scored.orders, scored.net_sales, scored.recency, scored.frequency, scored.monetary
    from scored
    left join customers_by_month as came on came.customer_id = scored.customer_id and came.month = :month
    where scored.recency between :least_recency and :greatest_recency
        and scored.frequency between :least_frequency and :greatest_frequency
        and (scored.frequency + scored.monetary + 1) / 2 between :least_mean and :greatest_mean
        and (
            :of_cell = 0
            or (came.customer_id is not null and date_trunc('month', scored.first_order_at) = :cohort)
        )
),
