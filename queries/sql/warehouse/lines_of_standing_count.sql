-- One row: how many order lines all customers have on invoices of a standing.
with
-- include: lines_of_standing

-- include: lines_of_kind

-- include: lines_count
