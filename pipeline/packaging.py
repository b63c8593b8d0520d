"""Functions into zip files: a function's own folder, the contracts, and what its requirements name."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import yaml

from pipeline.errors import BadInputError
from pipeline.settings import REPOSITORY

TEMPLATE = Path(__file__).with_name("template.yaml")
_PACKAGES = ("pipeline/__init__.py", "pipeline/functions/__init__.py")
# A fixed date makes the same code the same bytes, so an unchanged function is not deployed again.
_EPOCH = (1980, 1, 1, 0, 0, 0)
# What Lambda runs: see Globals in the template.
_PLATFORM = ("--platform", "manylinux2014_aarch64", "--python-version", "3.12", "--only-binary", ":all:")


def package(code_uri: str) -> bytes:
    """The zip of the function in `pipeline/<code_uri>`, which unpacks to an importable `pipeline`."""
    folder = REPOSITORY / "pipeline" / code_uri
    if not folder.is_dir():
        message = f"{TEMPLATE.name}: CodeUri {code_uri} is not a folder of {folder.parent}."
        raise BadInputError(message)
    files = {name: REPOSITORY / name for name in _PACKAGES}
    for source in (folder, REPOSITORY / "pipeline" / "contracts"):
        files |= {str(path.relative_to(REPOSITORY)): path for path in source.rglob("*.py")}
    with tempfile.TemporaryDirectory() as scratch:
        requirements = folder / "requirements.txt"
        if requirements.is_file():
            files |= _dependencies(requirements, Path(scratch))
        return _zip(files)


def _dependencies(requirements: Path, target: Path) -> dict[str, Path]:
    # Compiled files would be of this interpreter, not of Lambda's, and carry times: the same code would be new bytes.
    options = ["--quiet", "--no-compile", "--disable-pip-version-check", "--requirement", str(requirements)]
    command = [sys.executable, "-m", "pip", "install", *options]
    done = subprocess.run([*command, "--target", str(target), *_PLATFORM], capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"The packages of {requirements} could not be fetched: {done.stderr.strip()[-500:]}"
        raise BadInputError(message)
    return {str(path.relative_to(target)): path for path in target.rglob("*") if path.is_file()}


def _zip(files: dict[str, Path]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name].read_bytes(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def digest(body: bytes) -> str:
    """What names an artifact: its content's SHA-256, shortened."""
    return hashlib.sha256(body).hexdigest()[:32]


class _TemplateLoader(yaml.SafeLoader):
    """Reads CloudFormation's short forms (`!Ref x`) as their long ones (`{"Ref": x}`)."""


def _short_form(loader: _TemplateLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_TemplateLoader.add_multi_constructor("!", _short_form)


def template() -> dict[str, Any]:
    """The stack's template, short forms and YAML aliases written out: CloudFormation reads no aliases."""
    loaded: dict[str, Any] = yaml.load(TEMPLATE.read_text(), _TemplateLoader)  # noqa: S506 - a SafeLoader
    return loaded


def function_uris(body: dict[str, Any]) -> dict[str, str]:
    """The CodeUri of each function of a template, by logical id."""
    resources = body["Resources"].items()
    return {
        name: resource["Properties"]["CodeUri"]
        for name, resource in resources
        if resource["Type"] == "AWS::Serverless::Function"
    }
