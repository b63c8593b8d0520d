-- One row per order line of two products on the orders with both, by time, invoice and line: those after the last of a page.
with
-- include: orders_holding

-- include: lines_of_beside

-- include: lines_of_kind

-- include: lines_after
