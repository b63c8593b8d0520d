-- One row per order line of a scope, by time, invoice and line: those after the last one of a page.
with
-- include: lines_of_scope

-- include: lines_of_kind

-- include: lines_after
