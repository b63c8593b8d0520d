-- One row per order line of the invoices that fit all that was asked for, by time, invoice and line: one page of them.
with
-- include: invoices_fitting

-- include: lines_of_fitting

-- include: lines_of_kind

-- include: lines_page
