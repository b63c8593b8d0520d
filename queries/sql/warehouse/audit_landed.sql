-- One row per line of the runs in audit_ranges that has landed and is not merged.
select distinct orders_landing.event_id
from audit_ranges
join orders_landing
    on orders_landing.invoice_no = audit_ranges.invoice_no
    and orders_landing.line_no >= audit_ranges.first_line
    and orders_landing.line_no <= audit_ranges.last_line
