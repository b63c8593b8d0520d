-- One row per run of lines of which order_lines lacks some, with the number that it holds.
-- A line of a foreign sender may bear another EventID than its invoice and number give: it is not the line sought.
with held as (
    select audit_ranges.range_no, count(distinct order_lines.event_id) as lines
    from audit_ranges
    join order_lines
        on order_lines.invoice_no = audit_ranges.invoice_no
        and order_lines.line_no >= audit_ranges.first_line
        and order_lines.line_no <= audit_ranges.last_line
        and order_lines.event_id = order_lines.invoice_no || '-' || cast(order_lines.line_no as varchar(20))
    group by audit_ranges.range_no
),

final as (
    select
        audit_ranges.range_no, audit_ranges.last_line - audit_ranges.first_line + 1 as lines,
        coalesce(held.lines, 0) as present
    from audit_ranges
    left join held on audit_ranges.range_no = held.range_no
)

select range_no, present
from final
where present < lines
