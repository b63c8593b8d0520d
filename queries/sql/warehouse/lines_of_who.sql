-- One row per order line of the customers asked about, by time, invoice and line: one page of them.
with
-- include: who

-- include: lines_of_who

-- include: lines_of_kind

-- include: lines_page
