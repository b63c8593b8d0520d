-- One row per unbroken run of an invoice's lines that a replay sent; for this connection only.
create temporary table audit_ranges (
    range_no integer not null,
    invoice_no varchar(1000) not null,
    first_line integer not null,
    last_line integer not null
)
