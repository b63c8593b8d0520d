"""POST /orders: order lines from the API into the orders stream."""
