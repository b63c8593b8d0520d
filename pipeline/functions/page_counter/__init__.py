"""The clicks stream into the live counters."""
