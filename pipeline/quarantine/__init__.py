"""What did not get through: kept rows and batches read, listed, mended, sent again, and then marked as settled."""
