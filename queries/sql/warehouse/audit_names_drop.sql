-- One row per run of lines is what goes with the table.
drop table if exists audit_names
