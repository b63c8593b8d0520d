"""What the pages share: asking, filters, words, tiles, charts, and what to show when something is missing."""
