-- One row per order line of a scope, by time, invoice and line: one page of them.
with
-- include: lines_of_scope

-- include: lines_of_kind

-- include: lines_page
