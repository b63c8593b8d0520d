"""The orders stream into the table of invoices."""
