"""One function per figure. Each takes the engine that it asks, and answers rows with their evidence."""
