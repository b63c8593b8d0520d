"""POST /orders and POST /page-views: events from the API into their streams."""
