"""What the pipeline's parts say of themselves: streams and delivery streams."""
