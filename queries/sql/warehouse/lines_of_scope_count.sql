-- One row: how many order lines a scope has. Read from order_lines, for scopes that no rollup counts.
with
-- include: lines_of_scope

-- include: lines_of_kind

-- include: lines_count
