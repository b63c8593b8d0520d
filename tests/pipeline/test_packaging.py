from __future__ import annotations

import io
import zipfile

import pytest

from pipeline import packaging
from pipeline.errors import BadInputError
from pipeline.settings import REPOSITORY


def test_a_package_holds_the_function_and_the_contracts_and_nothing_else() -> None:
    names = zipfile.ZipFile(io.BytesIO(packaging.package("functions/ingest"))).namelist()
    assert "pipeline/functions/ingest/handler.py" in names
    assert "pipeline/contracts/order_line.py" in names
    allowed = ("pipeline/functions/ingest/", "pipeline/contracts/", "pipeline/__init__", "pipeline/functions/__init__")
    assert not [name for name in names if not name.startswith(allowed)]


def test_the_same_code_is_the_same_bytes() -> None:
    assert packaging.package("functions/ingest") == packaging.package("functions/ingest")


def test_a_folder_that_is_not_there_is_named() -> None:
    with pytest.raises(BadInputError, match="functions/nowhere"):
        packaging.package("functions/nowhere")


def test_every_function_of_the_template_has_its_folder() -> None:
    uris = packaging.function_uris(packaging.template())
    folders = (REPOSITORY / "pipeline" / "functions").glob("*/handler.py")
    assert set(uris.values()) == {f"functions/{path.parent.name}" for path in folders}
    for uri in uris.values():
        assert packaging.package(uri)


def test_short_forms_are_written_out() -> None:
    resources = packaging.template()["Resources"]
    assert resources["OrdersStream"]["Properties"]["ShardCount"] == {"Ref": "OrdersShards"}
    assert resources["IngestFunction"]["Properties"]["Role"] == {"Fn::GetAtt": ["IngestRole", "Arn"]}
