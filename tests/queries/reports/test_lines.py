from __future__ import annotations

from datetime import datetime

import pytest

from queries import segments
from queries.reports.invoices import Sought
from queries.reports.lines import Which
from queries.scope import Scope
from queries.who import Who

SCOPE = Scope(datetime.fromisoformat("2011-11-01"), datetime.fromisoformat("2011-12-01"))
CHAMPIONS = Who(segments.SEGMENTS[0])


@pytest.mark.parametrize("ending", ["", "_after", "_count"])
def test_each_has_a_query_for_a_page_for_a_file_and_for_their_number(ending: str) -> None:
    of_product = Scope(SCOPE.since, SCOPE.until, product="22423")
    for which, name in (
        (Which(SCOPE), "scope"),
        (Which(SCOPE, CHAMPIONS), "who"),
        (Which(SCOPE, standing="new"), "standing"),
        (Which(SCOPE, CHAMPIONS, standing="returning"), "who"),
        (Which(SCOPE, sought=Sought(kind="return")), "found"),
        (Which(of_product, beside="22386"), "beside"),
    ):
        query = which.query(ending)
        assert query.name == f"lines_of_{name}{ending}"
        given = {"top": 1, "skipped": 0, "after_at": 0, "after_invoice": "", "after_line": 0, "after_event": ""}
        query.check(which.bound(query, **{name: given[name] for name in given if name in query.parameters}))


def test_a_scope_is_never_narrowed_by_what_the_query_does_not_know() -> None:
    which = Which(Scope(SCOPE.since, SCOPE.until, product="22423"), CHAMPIONS)
    with pytest.raises(TypeError, match="cannot be narrowed by product"):
        which.bound(which.query())


def test_some_customers_invoices_sought_and_two_products_are_not_asked_for_at_once() -> None:
    for more in ({"who": CHAMPIONS}, {"standing": "new"}, {"beside": "22386"}):
        with pytest.raises(TypeError, match="or of two products"):
            Which(SCOPE, sought=Sought(kind="return"), **more)
    with pytest.raises(TypeError, match="or of two products"):
        Which(SCOPE, standing="new", beside="22386")


@pytest.mark.parametrize("product", ["", "22386"])
def test_two_products_are_two(product: str) -> None:
    with pytest.raises(TypeError, match="of another one"):
        Which(Scope(SCOPE.since, SCOPE.until, product=product), beside="22386")
