-- One row per order line of the customers asked about, by time, invoice and line: those after the last one of a page.
with
-- include: who

-- include: lines_of_who

-- include: lines_of_kind

-- include: lines_after
