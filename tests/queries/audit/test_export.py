"""A table's export to S3, as the developer guide shows its files, in memory."""

from __future__ import annotations

import gzip
import io
import json
from typing import Any

import pytest

from pipeline.errors import CloudError, QueryTimeoutError
from queries.audit import export, keys
from tests.queries.audit.test_keys import FakeTable

ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/invoices"
FOLDER = "exports/AWSDynamoDB/01234567890123-a1b2c3d4"


class Exporting(FakeTable):
    """A table with point-in-time recovery: an export takes two looks, and then lies in `files`."""

    def __init__(self, *event_ids: str, ends: str = "COMPLETED", items: int | None = None) -> None:
        super().__init__(*event_ids, items=items)
        self.files: dict[str, bytes] = {}
        self.exports = 0
        self._looks = 0
        self._ends = ends

    def describe_table(self, *, TableName: str) -> dict[str, Any]:  # noqa: N803
        found = super().describe_table(TableName=TableName)
        return {"Table": found["Table"] | {"TableArn": ARN}}

    def export_table_to_point_in_time(self, **given: str) -> dict[str, Any]:
        assert given == {
            "TableArn": ARN, "S3Bucket": "results", "S3Prefix": "exports", "ExportFormat": "DYNAMODB_JSON",
            "ExportType": "FULL_EXPORT",
        }  # fmt: skip
        self.exports += 1
        names = sorted(self.held)
        listed = []
        for at in range(0, len(names), 2):
            lines = [json.dumps({"Item": {"event_id": {"S": name}}}) for name in names[at : at + 2]]
            key = f"{FOLDER}/data/{at}.json.gz"
            self.files[key] = gzip.compress("\n".join([*lines, json.dumps({"Item": {"line": {"S": "x"}}})]).encode())
            listed.append(json.dumps({"itemCount": len(lines), "dataFileS3Key": key}))
        self.files[f"{FOLDER}/manifest-files.json"] = ("\n".join(listed) + "\n").encode()
        summary = {"version": "2020-06-30", "manifestFilesS3Key": f"{FOLDER}/manifest-files.json"}
        self.files[f"{FOLDER}/manifest-summary.json"] = json.dumps(summary).encode()
        return {"ExportDescription": {"ExportArn": "an-export", "ExportStatus": "IN_PROGRESS"}}

    def describe_export(self, *, ExportArn: str) -> dict[str, Any]:  # noqa: N803
        self._looks += 1
        told = {"ExportArn": ExportArn, "ExportStatus": "IN_PROGRESS" if self._looks < 2 else self._ends}
        more = {"ExportManifest": f"{FOLDER}/manifest-summary.json", "FailureCode": "X", "FailureMessage": "no room"}
        return {"ExportDescription": told | (more if self._looks >= 2 else {})}

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        assert Bucket == "results"
        return {"Body": io.BytesIO(self.files[Key])}


def ids(table: Exporting, **more: Any) -> set[str]:
    waits: list[float] = []
    found = export.event_ids(table, table, ARN, "results", sleep=waits.append, **more)
    return set().union(*found)


def test_every_item_of_every_file_is_told() -> None:
    assert ids(Exporting("A-1", "A-2", "A-3", "B-1", "B-2")) == {"A-1", "A-2", "A-3", "B-1", "B-2"}


def test_a_failed_export_is_told_with_its_reason() -> None:
    with pytest.raises(CloudError, match="no room"):
        ids(Exporting("A-1", ends="FAILED"))


def test_an_export_that_does_not_end_is_given_up() -> None:
    clock = iter([0.0, 1.0, 4000.0])
    table = Exporting("A-1", ends="IN_PROGRESS")
    with pytest.raises(QueryTimeoutError, match="an-export"):
        ids(table, clock=lambda: next(clock))


def test_a_large_table_is_exported_where_that_can_be_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_FEW", 0)
    monkeypatch.setattr(keys, "_EXPORTED_FROM", 1_000)
    monkeypatch.setattr(export, "_LOOK_EACH_S", 0.0)
    expected = [f"A-{number}" for number in range(1, 200)]
    held = expected[:-2]
    large = Exporting(*held, items=2_000)
    large.behind = {"A-198"}  # written after the export's moment
    assert keys.absent(large, "invoices", expected, keys.Exports(large, "results")) == {"A-199"}
    assert (large.exports, large.scans) == (1, 0)

    small = Exporting(*held, items=900)
    assert keys.absent(small, "invoices", expected, keys.Exports(small, "results")) == {"A-198", "A-199"}
    assert (small.exports, small.scans > 0) == (0, True)
    assert keys.absent(large, "invoices", expected) == {"A-199"}
    assert large.exports == 1
