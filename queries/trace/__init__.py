"""One event's way: from its line in a file to every sink, each step with its time, or why it is not there."""
