"""Events that are sent again: found where they are kept, sent as they were, and accounted for like any replay."""
