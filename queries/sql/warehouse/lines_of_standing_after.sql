-- One row per order line of all customers on invoices of a standing, by time, invoice and line: those after the last one.
with
-- include: lines_of_standing

-- include: lines_of_kind

-- include: lines_after
