-- One row: how many order lines the customers asked about have.
with
-- include: who

-- include: lines_of_who

-- include: lines_of_kind

-- include: lines_count
