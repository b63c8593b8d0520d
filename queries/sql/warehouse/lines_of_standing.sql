-- One row per order line of all customers on invoices of a standing, by time, invoice and line: one page of them.
with
-- include: lines_of_standing

-- include: lines_of_kind

-- include: lines_page
