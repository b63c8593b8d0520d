"""Functions and arithmetic mean what they mean in Trino.

Source: Trino documentation, "Functions and operators" (conversion, date and time, decimal, string, array, map,
aggregate, window), where the values of most cases stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .conftest import Lake

CASES = [
    # Whole numbers divide to whole numbers, decimals keep the places that Trino gives them.
    ("7 / 2", "3"),
    ("-7 / 2", "-3"),
    ("1 / 3.0", "0.3"),
    ("100.0 * 1 / 3", "33.3"),
    ("1e0 / 4", "0.25"),
    ("1.5 * 3", "4.5"),
    ("round(1.256, 2)", "1.260"),
    ("round(2.5)", "3"),
    ("cast(1.5 as integer)", "2"),
    ("cast('1.25' as decimal(5, 1))", "1.3"),
    ("try_cast('x' as integer)", None),
    ("coalesce(null, 1)", "1"),
    ("if(1 > 2, 'a', 'b')", "b"),
    ("'a' like 'A%'", "false"),
    # Dates
    ("date_trunc('month', date '2020-01-15')", "2020-01-01"),
    ("date_trunc('hour', timestamp '2020-01-02 03:04:05')", "2020-01-02 03:00:00.000"),
    ("date_format(timestamp '2020-01-02 13:04:05', '%Y/%m/%d/%H')", "2020/01/02/13"),
    ("date_parse('2020-01-02 03', '%Y-%m-%d %H')", "2020-01-02 03:00:00.000"),
    ("date_diff('hour', timestamp '2020-01-01 00:59:00', timestamp '2020-01-01 02:00:00')", "1"),
    ("date_diff('day', date '2020-01-01', date '2020-02-01')", "31"),
    ("date_add('month', 1, date '2020-01-31')", "2020-02-29"),
    ("date '2020-01-01' + interval '1' day", "2020-01-02"),
    ("timestamp '2020-01-01 00:00:00' - interval '1' hour", "2019-12-31 23:00:00.000"),
    ("day_of_week(date '2026-11-22')", "7"),
    ("to_unixtime(timestamp '1970-01-01 00:00:10')", "10.0"),
    ("to_iso8601(timestamp '2020-01-02 03:04:05')", "2020-01-02T03:04:05.000"),
    ("format_datetime(timestamp '2020-01-02 03:04:05', 'yyyy-MM-dd HH')", "2020-01-02 03"),
    ("cast(timestamp '2020-01-02 03:04:05' as date)", "2020-01-02"),
    # Texts
    ("substr('hello', 2, 3)", "ell"),
    ("strpos('hello', 'l')", "3"),
    ("split_part('a,b', ',', 2)", "b"),
    ("split('a,b', ',')", "[a, b]"),
    ("lpad('7', 3, '0')", "007"),
    ("regexp_extract('536365-1', '(\\d+)-(\\d+)', 2)", "1"),
    ("regexp_replace('1a 2b', '(\\d)', 'x$1')", "x1a x2b"),
    ("regexp_like('1a 2b', '\\d+b')", "true"),
    ("format('%s-%d', 'a', 1)", "a-1"),
    ("json_extract_scalar('{\"a\": {\"b\": 1}}', '$.a.b')", "1"),
    # Arrays and maps
    ("array[1, 2][1]", "1"),
    ("element_at(array[1, 2], 3)", None),
    ("cardinality(array[1, 2])", "2"),
    ("cardinality(map(array['a'], array[1]))", "1"),
    ("contains(array[1, 2], 2)", "true"),
    ("array_sort(array[3, 1])", "[1, 3]"),
    ("array_join(array[1, 2], '-')", "1-2"),
    ("filter(array[1, 2], x -> x > 1)", "[2]"),
    ("transform(array[1, 2], x -> x * 2)", "[2, 4]"),
    ("reduce(array[1, 2, 3], 0, (s, x) -> s + x, s -> s * 10)", "60"),
    ("sequence(1, 3)", "[1, 2, 3]"),
    ("element_at(map(array['a'], array[1]), 'a')", "1"),
    ("row(1, 'a')", "{field0=1, field1=a}"),
    ("cast(row(1, 'a') as row(x integer, y varchar)).y", "a"),
]


@pytest.mark.parametrize(("expression", "text"), CASES)
def test_an_expression(lake: Lake, expression: str, text: str | None) -> None:
    assert lake.rows(f"select {expression}") == [[text]]


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("select sum(x) / count(*) from (values 1, 2) t(x)", [["1"]]),
        ("select avg(cast(x as decimal(12, 4))) from (values 1.5, 2.0) t(x)", [["1.7500"]]),
        ("select avg(x) from (values 1, 2) t(x)", [["1.5"]]),
        (
            "with t as (select sum(cast(x as decimal(9,4))) s, count(*) n from (values 1, 2.5) v(x)) select s/n from t",
            [["1.7500"]],
        ),
        (
            "select count_if(x > 1), max_by(y, x), approx_distinct(x) from (values (1, 'a'), (2, 'b')) t(x, y)",
            [["1", "b", "2"]],
        ),
        (
            "select array_agg(x order by x desc), count(*) filter (where x > 1) from (values 1, 2) t(x)",
            [["[2, 1]", "1"]],
        ),
        ("select listagg(y, ',') within group (order by x) from (values (2, 'b'), (1, 'a')) t(x, y)", [["a,b"]]),
        (
            "select x, lag(x) over (order by x), sum(x) over (order by x rows 1 preceding) from (values 1, 2) t(x)",
            [["1", None, "1"], ["2", "1", "3"]],
        ),
        (
            "select a, sum(b) from (values ('x', 1), ('y', 2)) t(a, b) group by rollup(a) order by 1",
            [["x", "1"], ["y", "2"], [None, "3"]],
        ),
        (
            "select x, y from (values (array[1, 2], array['a', 'b'])) t(a, b) cross join unnest(a, b) as u(x, y)",
            [["1", "a"], ["2", "b"]],
        ),
        ("select k, v from unnest(map(array['a'], array[1])) as t(k, v)", [["a", "1"]]),
        (
            "select n, x from unnest(array['a', 'b']) with ordinality as t(x, n) order by n desc",
            [["2", "b"], ["1", "a"]],
        ),
        ("select x from (values 2, null, 1) t(x) order by x desc", [["2"], ["1"], [None]]),
        (
            "select * from (values 1, 2) a(x) full outer join (values 2, 3) b(y) on a.x = b.y order by 1, 2",
            [["1", None], ["2", "2"], [None, "3"]],
        ),
        (
            "with recursive t(n) as (select 1 union all select n + 1 from t where n < 3) select * from t order by n",
            [["1"], ["2"], ["3"]],
        ),
    ],
)  # fmt: skip
def test_a_query(lake: Lake, sql: str, rows: list[list[str | None]]) -> None:
    assert lake.rows(sql) == rows


def test_functions_that_are_missing_here_say_so(lake: Lake) -> None:
    assert lake.failure("select zip(array[1], array[2])") == "NOT_SUPPORTED: the local cloud has no function zip"
    assert lake.failure("select repeat('a', 2)").startswith("NOT_SUPPORTED")
