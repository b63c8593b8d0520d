-- One row per line of the runs in audit_ranges that order_lines holds.
select order_lines.event_id
from audit_ranges
join order_lines
    on order_lines.invoice_no = audit_ranges.invoice_no
    and order_lines.line_no >= audit_ranges.first_line
    and order_lines.line_no <= audit_ranges.last_line
    and order_lines.event_id = order_lines.invoice_no || '-' || cast(order_lines.line_no as varchar(20))
