-- One row per event: audit.ranges repeats the group of marks for as many rows as one call takes.
-- :event_id string  its name
insert into audit_names (event_id) values (:event_id)
