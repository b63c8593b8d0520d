"""The warehouse: its tables, the procedure that merges what lands, and how to connect to it."""
