"""What a replay sent against what each sink holds, event by event, asked of the sinks' own engines."""
