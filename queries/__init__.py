"""Everything that asks: SQL by engine, the engines' clients, one function per figure."""
