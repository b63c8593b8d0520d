from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.settings import REPOSITORY
from pipeline.warehouse.apply import as_counts
from queries.loader import load
from tests.sql_dialect import problems

if TYPE_CHECKING:
    from pathlib import Path

    from queries.loader import Query

FILES = sorted((REPOSITORY / "pipeline/warehouse").rglob("*.sql"))
QUERIES = sorted(load("warehouse").values(), key=lambda query: query.name)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_warehouses_scripts_run_on_redshift_too(path: Path) -> None:
    assert problems(as_counts(path.read_text(encoding="utf-8"), "redshift")) == []


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name)
def test_the_warehouses_queries_run_on_redshift_too(query: Query) -> None:
    assert problems(query.sql) == []


def test_there_is_sql_to_check() -> None:
    assert {"merge_orders.sql", "merge_customers.sql"} <= {path.name for path in FILES}
    assert "products_ranked" in {query.name for query in QUERIES}


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*) filter (where a > 1) from t",
        "select distinct on (a) a, b from t",
        "insert into t (a) values (1) on conflict do nothing",
        "select * from t, lateral (select 1) as s",
        "insert into t (a) values (1) returning a",
        "merge into t using (select 1 as a) as s on t.a = s.a when matched then delete",
        "truncate t",
        "create table t (a bigint generated always as identity)",
        "create table t (a bigserial)",
        "create index i on t (a)",
        "select * from t where a is distinct from b",
        "select sum(a) over (order by b nulls last) from t",
        "select * from (values (1, 2), (3, 4)) as v",
        "select string_agg(a, ',') from t",
        "select * from generate_series(1, 3)",
        "select now()",
        "select current_timestamp",
        "select make_date(2011, 1, 1)",
        "create table t (a jsonb)",
        "create table t (a text[])",
        "select array[1, 2]",
        "select * from t fetch first 3 rows only",
        "select * from t for update",
        "select a + interval '1 month' from t",
        "select a + interval '2 years' from t",
        "delete from t as d where d.a = 1",
        "delete from t d using u where d.a = u.a",
        "update t as d set a = 1",
        "select nextval('s')",
        "select from where",
        "create or replace procedure p() as $$ begin perform 1; select now(); end; $$ language plpgsql;",
    ],
)
def test_what_redshift_lacks_is_found(sql: str) -> None:
    assert problems(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "select ':since is now(), it''s on conflict', a from t -- returning, filter (where\nwhere b >= :since",
        "select date_trunc('month', a + interval '31 days') from t",
        "delete from t using u where t.a = u.a",
        "delete from t where a = 1; update t set a = 1 where b = 2",
        "select a, row_number() over (partition by b order by c desc) as place from t",
        (
            "create or replace procedure p() as $$ declare n bigint; begin lock table t; select count(*) into n from t;"
            " if n = 0 then return; end if; delete from t; end; $$ language plpgsql;"
        ),
    ],
)
def test_what_redshift_has_is_passed(sql: str) -> None:
    assert problems(sql) == []
