-- One row: how many order lines two products have on the orders that hold both.
with
-- include: orders_holding

-- include: lines_of_beside

-- include: lines_of_kind

-- include: lines_count
