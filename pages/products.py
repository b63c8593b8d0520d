"""Which products sell: the first and the last ones by what counts, one product's trend, what is bought together."""

from __future__ import annotations

from typing import cast

import streamlit as st

from pages.parts import asked, behind, evidence, frame, one_product, options, product_ranking, states, tiles
from queries import definitions as d
from queries.reports import products, sales
from queries.reports.lines import Which

TOP = 10
RANKINGS = {"net_sales": "Value", "units": "Quantity", "orders": "Orders", "returns": "Returns"}
ENDS = {"top": "Top", "bottom": "Bottom"}
FOUND = 8

state, span = frame.begin(
    "Products",
    "Which products sell most and least, how much of all do the first ones make, and how does one of them go?",
    narrows=("country", "product", "step"),
    by_options=products.known_by(st.query_params.get("country", "")),
)
with st.container(horizontal=True, vertical_alignment="bottom"):
    ranking = cast("products.Ranking", options.one_of("rank", "Rank by", RANKINGS, drops=options.PAGED))
    end = cast("products.End", options.one_of("from", "From the", ENDS, drops=options.PAGED))
    wanted = options.typed("find", "Find a product", "CAKESTAND or 22423", icon=":material/search:")
# Of one country the tiles are about the months of the ranking.
scope = products.known(state.scope.without("product"))
of_chosen = one_product.questions(state, state.product) if state.product else []
ranked, totals, *more = asked.together(
    asked.warehouse(products.ranked, scope, ranking, end, TOP),
    asked.warehouse(sales.totals, scope),
    *of_chosen,
    *([asked.warehouse(products.found, wanted, FOUND)] if wanted else []),
)
sold = None
if wanted:
    with states.panel("Products found"):
        product_ranking.found(more[-1], wanted)
with states.panel("Products sold"):
    sold = totals.figure().row
    if state.country:
        product_ranking.by_whole_months(state)
    if sold["lines"]:
        tiles.headline((d.NET_SALES, d.UNITS, d.RETURNS), sold)
    elif not state.product:
        frame.nothing_sold(state, span)
    evidence.show("Products sold", totals)

first = ""
with states.panel("Products ranked"):
    first = product_ranking.show(state, ranked, ranking, end)
product = state.product or first
lines = None
if product:
    # Which product comes first is known only now.
    answers = more[: len(of_chosen)] or asked.together(*one_product.questions(state, product))
    lines = one_product.show(state, product, answers)
    product_ranking.leaders(state)
# Of the product that was chosen; one that comes first by itself is one of all.
if beside := one_product.beside(state.product):
    one_product.lines_of_both(state, beside, lines)
elif state.product:
    behind.lines(Which(products.known(state.scope)), lines, f"Order lines of {state.product}")
else:
    behind.lines(Which(scope), None if sold is None else int(sold["lines"]), "Order lines of all products")
