-- One row: how many order lines the invoices that fit all that was asked for have.
with
-- include: invoices_fitting

-- include: lines_of_fitting

-- include: lines_of_kind

-- include: lines_count
