"""Browse sessions, enriched, each to the stream of where its customer is."""
