"""Each function runs with what its package carries and boto3, and with nothing else that happens to be installed."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from pipeline import packaging

if TYPE_CHECKING:
    from pathlib import Path

# What AWS Lambda's Python runtime has beside the standard library.
GIVEN = ("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six", "awscrt")
PROBE = """
import importlib, sys
folder, handler, *given = sys.argv[1:]
sys.path.insert(0, folder)

class Guard:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in given and top != "pipeline":
            raise ModuleNotFoundError(f"{name} is not in the package", name=name)

sys.meta_path.insert(0, Guard())
module, _, function = handler.rpartition(".")
found = importlib.import_module(module)
assert callable(getattr(found, function))
ours = [sys.modules[name].__file__ for name in sys.modules if name.partition(".")[0] == "pipeline"]
assert all(path.startswith(folder) for path in ours), ours
print(len(ours))
"""


def functions() -> list[tuple[str, str]]:
    resources = packaging.template()["Resources"].values()
    found = [one["Properties"] for one in resources if one["Type"] == "AWS::Serverless::Function"]
    return [(properties["CodeUri"], properties["Handler"]) for properties in found]


def unpacked(code_uri: str, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(packaging.package(code_uri))) as archive:
        archive.extractall(folder)
    return folder


def imported(folder: Path, handler: str) -> subprocess.CompletedProcess[str]:
    """The handler imported by an interpreter that takes nothing from its environment or its working folder."""
    command = [sys.executable, "-I", "-c", PROBE, str(folder), handler, *GIVEN]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


@pytest.mark.parametrize(("code_uri", "handler"), functions())
def test_a_function_imports_from_its_package_alone(code_uri: str, handler: str, tmp_path: Path) -> None:
    done = imported(unpacked(code_uri, tmp_path), handler)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 3


@pytest.mark.parametrize("statement", ["import duckdb", "from pipeline import settings", "import yaml"])
def test_the_guard_stops_what_the_package_does_not_carry(statement: str, tmp_path: Path) -> None:
    folder = unpacked("functions/invoice_writer", tmp_path)
    items = folder / "pipeline" / "functions" / "invoice_writer" / "items.py"
    items.write_text(items.read_text().replace("import base64\n", f"import base64\n{statement}\n"))
    done = imported(folder, "pipeline.functions.invoice_writer.handler.handle")
    assert done.returncode != 0
    assert "Error" in done.stderr
