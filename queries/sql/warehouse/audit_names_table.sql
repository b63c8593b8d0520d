-- One row per event that is sought by its name; for this connection only.
create temporary table audit_names (
    event_id varchar(1100) not null
)
