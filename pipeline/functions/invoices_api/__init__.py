"""GET /invoices/{invoice_no} and GET /customers/{customer_id}/invoices."""
