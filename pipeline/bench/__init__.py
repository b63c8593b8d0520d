"""Measurements of Weir's own parts: ratios and limits that its documents state."""
