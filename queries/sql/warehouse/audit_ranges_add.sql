-- One row per run of lines: audit.ranges repeats the group of marks for as many rows as one call takes.
-- :range_no integer    its place in the list
-- :invoice_no string   its invoice
-- :first_line integer  the first line
-- :last_line integer   the last line
insert into audit_ranges (range_no, invoice_no, first_line, last_line) values (:range_no, :invoice_no, :first_line, :last_line)
