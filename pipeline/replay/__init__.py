"""Files into the pipeline: the reader, the senders, the run and its record."""
