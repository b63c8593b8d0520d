"""What each figure means, once: the label people read and the sentence that defines it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["money", "count"]


@dataclass(frozen=True)
class Measure:
    """`column` of the reports, the `label` shown, how it is counted (`unit`), and its `definition` in words."""

    column: str
    label: str
    unit: Unit
    definition: str


NET_SALES = Measure(
    "net_sales",
    "Net sales",
    "money",
    "The sum of quantity times unit price over all order lines: orders, returns and adjustments.",
)
GROSS_SALES = Measure(
    "gross_sales",
    "Gross sales",
    "money",
    "The sum of quantity times unit price over the lines of orders, before returns and adjustments.",
)
RETURNS = Measure(
    "returns",
    "Returns",
    "money",
    "The sum of quantity times unit price over the lines of returns: invoices whose number starts with C.",
)
ADJUSTMENTS = Measure(
    "adjustments",
    "Adjustments",
    "money",
    "The sum of quantity times unit price over the lines of invoices whose number starts with a letter other than C.",
)
ORDERS = Measure(
    "orders",
    "Orders",
    "count",
    "Invoices that are neither returns nor adjustments, counted when their first line was invoiced.",
)
AVERAGE_ORDER = Measure(
    "average_order",
    "Average order value",
    "money",
    "Gross sales divided by orders; empty without orders.",
)
UNITS = Measure(
    "units",
    "Quantity",
    "count",
    "The sum of quantities over all order lines; returned pieces count as negative.",
)
PER_HOUR = Measure(
    "per_hour", "Average per hour", "money", "Net sales divided by the hours in which anything was sold."
)
PER_DAY = Measure("per_day", "Average per day", "money", "Net sales divided by the days on which anything was sold.")
PER_MONTH = Measure(
    "per_month", "Average per month", "money", "Net sales divided by the months in which anything was sold."
)
PER_YEAR = Measure(
    "per_year", "Average per year", "money", "Net sales divided by the years in which anything was sold."
)
LINES = Measure("lines", "Order lines", "count", "How many order lines there are, one for each row of an invoice.")
RECORDS = Measure("records", "Records", "count", "What arrived in the lake's files, repeats included.")
EVENTS = Measure("events", "Events", "count", "Different events (EventID) among the records; a repeat counts once.")
NEWEST = "The greatest invoice date that the warehouse holds, and how long ago that was."
PRODUCTS = Measure("products", "Products sold", "count", "Different stock codes with order lines in the period.")
FOR_MOST = Measure(
    "for_most",
    "Make up 80%",
    "count",
    "How many products, taken from the first one down, come to 80% of the sum of all.",
)
INVOICES = Measure("invoices", "Invoices", "count", "Different invoice numbers, each counted by its first line.")
RETURN_INVOICES = Measure(
    "return_invoices", "Returned invoices", "count", "Invoices whose number starts with C, counted by their first line."
)
ADJUSTMENT_INVOICES = Measure(
    "adjustment_invoices",
    "Adjusting invoices",
    "count",
    "Invoices whose number starts with a letter other than C, counted by their first line.",
)
INVOICE_TOTAL = "The sum of quantity times unit price over the lines of the invoice."
CUSTOMERS = Measure(
    "customers",
    "Customers",
    "count",
    "Different customer ids among all invoices, of all time; of a country those whose latest invoice is from there.",
)
NEW_CUSTOMERS = Measure(
    "new_orders", "New customers", "count", "Customers whose first order of all lies in the period: their first orders."
)
RETURNING_ORDERS = Measure(
    "returning_orders", "Orders of returning customers", "count", "Orders of customers who had ordered before."
)
NOBODY_ORDERS = Measure(
    "nobody_orders",
    "Orders without customer id",
    "count",
    "Orders that name no customer.",
)
NEW_NET_SALES = Measure(
    "new_net_sales", "Net sales of new customers", "money", "Net sales of customers' first orders of all."
)
RETURNING_NET_SALES = Measure(
    "returning_net_sales",
    "Net sales of returning customers",
    "money",
    "Net sales of all other invoices that name a customer.",
)
NOBODY_NET_SALES = Measure(
    "nobody_net_sales", "Sold without customer id", "money", "Net sales of the invoices that name no customer."
)
LINES_OF_CUSTOMERS = (
    "Behind segments, cohorts, countries and the best customers of all time stand the lines invoiced ever, behind all "
    "else those of the period. Of a country, those invoiced to it."
)
WHOSE_LINES = (
    "New: each customer's first order. Returning: all their other invoices, returns too. No customer id: invoices that "
    "name no customer."
)
# Not numbers by themselves, but what a chart or a column shows: each told once, on hover.
SHARE = (
    "Share: its part of the sum over all products of the period; of net sales and quantities that sum is net, returns "
    "make it smaller."
)
CUMULATIVE = "Cumulative: the part of that sum that this product and those before it come to together."
TOGETHER = (
    "Orders that hold both products, among the newest orders with the chosen one. Lift is how many times more often "
    "they hold the other product than all orders of the period do: above 1, the two go together."
)
WHOLE_MONTHS = "By country, a product is known by month: these are the whole months that the period touches."
SPREAD = (
    "Invoices by the sum over their lines, sign aside, each counted in the band from its least value up to the next. "
    "The order in the middle has as many orders below it as above."
)
RETENTION = (
    "Of the customers whose first order was in a month (the cohort), the part that ordered again in each later month. "
    "The newest month is not over, so its parts are still growing. Who has no customer id is in no cohort."
)
HOME = "A customer's country is that of the latest invoice."
TOP_CUSTOMERS = "Net sales by customer id. Invoices without one are a group of their own, and take no place."
INVOICED_TO = "Of a country, what was invoiced to it counts, wherever else the customer buys."

# The one definition of active; who looks chooses the minutes.
ACTIVE_MINUTES, ACTIVE_MINUTES_MOST = 5, 60
ACTIVE = (
    "Active means viewed within the last {minutes} minutes, by the time at which the view occurred, in whole minutes: "
    "from {since} UTC on."
)
VIEWS = Measure(
    "views",
    "Page views",
    "count",
    "The sum of Count over page views: 1 for a click, as many as its n for a line of Wikipedia's clickstream.",
)
ACTIVE_PAGES = Measure(
    "active_pages", "Active pages", "count", "Different pages that were viewed within the chosen minutes."
)
ACTIVE_SESSIONS = Measure(
    "active_sessions",
    "Active sessions",
    "count",
    "Different sessions that viewed a page within the chosen minutes; views without a session are in none.",
)
VIEWS_PER_MINUTE = Measure(
    "views_per_minute", "Views per minute", "count", "Page views that occurred in the last minute that is over."
)
