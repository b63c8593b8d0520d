"""The lake's queries of page views, over files in which a record of somebody else lies, too."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from pipeline import packaging
from queries.literals import literal
from queries.loader import load

from .conftest import BUCKET, DATABASE

if TYPE_CHECKING:
    from .conftest import Lake

HOUR = "2026/01/02/03"
COLUMNS = [
    ("event_id", "string"), ("occurred_at", "timestamp"), ("session_id", "string"), ("page", "string"),
    ("source", "string"), ("kind", "string"), ("count", "int"), ("time_spent", "double"), ("replay_id", "string"),
    ("sent_at", "timestamp"),
]  # fmt: skip
# One view that came twice, and two records that are none: one that nobody stamped, one that names what is there.
ROWS = """
    select 'v-1' as event_id, timestamp '2026-01-02 03:04:05' as occurred_at, 's-1' as session_id, 'entree' as page,
        'menu' as source, 'menu' as kind, 3::int as count, 1.5::double as time_spent, 'r-1' as replay_id,
        timestamp '2026-01-02 03:04:06' as sent_at
    from range(2)
    union all
    select null, null, null, null, null, null, null, null, null, null
    union all
    select 'v-1', null, null, null, null, null, null, null, 'r-1', timestamp '2026-01-02 04:00:00'
"""
ANSWERS = {
    "views_by_step": [["2026-01-02 03:00:00.000", "3", "1"]],
    "views_by_page": [["entree", "3", "1", "1", "1.5", "3", "1"]],
    "views_by_flow": [["menu", "entree", "3"]],
    "views_of_replay": [["1", "1", "3"]],
}
VALUES = {"first": HOUR, "last": HOUR, "by": "hour", "most": 8, "replay_id": "r-1"}


def view_of_the_template() -> str:
    """The statement behind `page_views_once`."""
    resources = packaging.template()["Resources"].values()
    tables = [found["Properties"].get("TableInput", {}) for found in resources if found["Type"] == "AWS::Glue::Table"]
    (view,) = [table for table in tables if table.get("Name") == "page_views_once"]
    told = view["ViewOriginalText"]["Fn::Join"][1][1]["Fn::Base64"]["Fn::Sub"]
    return str(json.loads(told)["originalSql"]).replace("${LakeDatabase}", DATABASE)


@pytest.mark.parametrize("name", ANSWERS)
def test_what_is_no_view_is_not_counted(bare_lake: Lake, name: str) -> None:
    parameters = {
        "projection.enabled": "true",
        "projection.datehour.type": "date",
        "projection.datehour.format": "yyyy/MM/dd/HH",
        "projection.datehour.range": "2026/01/01/00,NOW",
        "projection.datehour.interval": "1",
        "projection.datehour.interval.unit": "HOURS",
        "storage.location.template": f"s3://{BUCKET}/page_views/${{datehour}}",
    }
    bare_lake.table("page_views", COLUMNS, keys=[("datehour", "string")], parameters=parameters)
    bare_lake.put(f"page_views/{HOUR}/part.parquet", ROWS)
    sql, order = load("lake")[name].positional()
    sql = re.sub(r"\bpage_views_once\b", f"({view_of_the_template()}) once", sql)
    assert bare_lake.rows(sql, ExecutionParameters=[literal(VALUES[one]) for one in order]) == ANSWERS[name]
