-- One row per order line of the invoices that fit all that was asked for: those after the last one of a page.
with
-- include: invoices_fitting

-- include: lines_of_fitting

-- include: lines_of_kind

-- include: lines_after
