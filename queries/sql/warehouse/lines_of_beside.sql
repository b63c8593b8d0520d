-- One row per order line of two products on the orders that hold both, by time, invoice and line: one page of them.
with
-- include: orders_holding

-- include: lines_of_beside

-- include: lines_of_kind

-- include: lines_page
