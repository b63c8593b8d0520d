"""What prunes, and what must not: the rows of a query are the same whether its partitions are pruned or not."""

# ruff: noqa: S608 - a test puts its SQL together from its own words

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.local.athena import relations, statements
from pipeline.local.athena.translate import translate

from .conftest import DATABASE, hour

if TYPE_CHECKING:
    from .conftest import Lake

NOW, BEFORE = hour(0), hour(1)
PRUNED = [
    f"select event_id from orders where datehour = '{NOW}'",
    (
        f"with a as (select * from orders where datehour = '{NOW}'), b as (select *, row_number() over (partition by"
        " event_id order by sent_at desc) r from a) select count(*) from b where r = 1"
    ),
    f"with a as (select * from orders) select event_id from a where datehour = '{NOW}'",
    f"select a.event_id from orders a, (select 1 as x) b where a.datehour = '{NOW}' and a.quantity = b.x",
    f"select datehour, n from (select datehour, count(*) n from orders group by datehour) where datehour = '{NOW}'",
    (
        f"select h from (select datehour as h, row_number() over (partition by datehour order by event_id) r from"
        f" orders) where h = '{NOW}' and r = 1"
    ),
    f"select count(*) from orders a join (select 1 as x) b on a.datehour = '{NOW}'",
    f"select b.x from (values 1) b(x) right join orders a on a.quantity = b.x where a.datehour = '{NOW}'",
]
NOT_PRUNED = [
    (
        f"select event_id, r from (select *, row_number() over (partition by event_id order by datehour) r from orders)"
        f" where datehour = '{NOW}'"
    ),
    (
        f"select count(*) from (select event_id, max(datehour) as datehour from orders group by event_id)"
        f" where datehour = '{NOW}'"
    ),
    f"select * from (select datehour from orders order by datehour limit 25) where datehour = '{NOW}'",
    f"select * from (select max(datehour) as datehour from orders) where datehour = '{NOW}'",
    (
        f"select a.x, b.n from (values 1) a(x) left join (select datehour, 1 as n from orders) b on b.n = a.x"
        f" and b.datehour = '{NOW}' where b.datehour is null"
    ),
    "select a.x from (values '1') a(x) left join orders b on a.x = b.invoice_no where b.datehour is null",
    f"select count(*) from orders a full join (values '1') b(x) on a.invoice_no = b.x where a.datehour = '{NOW}'",
    f"with a as (select * from orders) select 1 from a, a b where a.datehour = '{NOW}' and b.datehour = '{BEFORE}'",
    f"select count(*) from orders where datehour = '{NOW}' or quantity = 1",
    f"select count(*) from orders where (datehour = '{NOW}') is distinct from true",
    "select count(*) from orders where datehour = (select min(datehour) from orders)",
    (
        f"select distinct datehour from orders where not exists (select 1 from orders p where p.datehour = '{NOW}'"
        " and p.event_id = orders.event_id and p.quantity > 100)"
    ),
]


def _both(lake: Lake, sql: str) -> tuple[list[object], list[object], int, int]:
    """A query's rows and bytes with and without its conditions on partitions."""
    runner = lake.service.runner
    found: list[tuple[list[object], int]] = []
    for prune in (True, False):
        query = translate(statements.read(sql).tree.copy(), sql, DATABASE)
        if not prune:
            query.conditions.update({name: [] for name in query.conditions})
        query.columns.update(dict.fromkeys(query.columns))
        runnable = relations.runnable(query, runner.engine, runner.footers)
        rows = runner.engine.cursor().execute(runnable.sql).fetchall()
        found.append((sorted(rows, key=str), runnable.scanned_bytes))
    (pruned, fewer), (whole, more) = found
    return pruned, whole, fewer, more


@pytest.mark.parametrize("sql", PRUNED)
def test_conditions_that_reach_the_table_prune_it(lake: Lake, sql: str) -> None:
    pruned, whole, fewer, more = _both(lake, sql)
    assert pruned == whole
    assert whole
    assert fewer < more


@pytest.mark.parametrize("sql", NOT_PRUNED)
def test_conditions_that_must_stay_outside_do_not_lose_rows(lake: Lake, sql: str) -> None:
    pruned, whole, _fewer, _more = _both(lake, sql)
    assert pruned == whole
