-- One row of none: nothing is read. It waits for the table that a merge holds from its beginning to its end.
lock table merge_lock
