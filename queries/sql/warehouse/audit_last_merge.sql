-- One row, once something was merged: when the last merge ended, in UTC.
select ended_at from last_merge
