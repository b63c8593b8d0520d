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
    names = [Which(SCOPE), Which(SCOPE, CHAMPIONS), Which(SCOPE, sought=Sought(kind="return"))]
    assert [which.query(ending).name for which in names] == [
        f"lines_of_scope{ending}",
        f"lines_of_who{ending}",
        f"lines_of_found{ending}",
    ]


def test_a_scope_is_never_narrowed_by_what_the_query_does_not_know() -> None:
    which = Which(Scope(SCOPE.since, SCOPE.until, product="22423"), CHAMPIONS)
    with pytest.raises(TypeError, match="cannot be narrowed by product"):
        which.bound(which.query())


def test_some_customers_and_invoices_sought_are_not_both_at_once() -> None:
    with pytest.raises(TypeError, match="not of both"):
        Which(SCOPE, CHAMPIONS, Sought(kind="return"))
