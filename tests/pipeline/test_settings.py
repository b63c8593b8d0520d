from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from pipeline import settings
from pipeline.errors import BadInputError, LocalCloudError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """settle() writes to os.environ: give it a copy, and a state folder of its own."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    for name in [name for name in os.environ if name.startswith(("AWS_", "WEIR_"))]:
        del os.environ[name]
    os.environ["WEIR_STATE"] = str(tmp_path)


def _record(tmp_path: Path, endpoint: str) -> None:
    (tmp_path / "cloud.json").write_text(json.dumps({"endpoint": endpoint}))


def test_local_is_the_default_whatever_credentials_lie_around(tmp_path: Path) -> None:
    _record(tmp_path, "http://127.0.0.1:4000")
    foreign = {
        "AWS_ACCESS_KEY_ID": "AKIAREAL",
        "AWS_SECRET_ACCESS_KEY": "real",
        "AWS_SESSION_TOKEN": "real",
        "AWS_PROFILE": "production",
        "AWS_ENDPOINT_URL_S3": "https://s3.eu-west-2.amazonaws.com",
        "AWS_REGION": "eu-west-2",
        "HTTPS_PROXY": "http://proxy.example:3128",
    }
    os.environ.update(foreign)

    found = settings.settle()

    assert found.local
    assert os.environ["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4000"
    assert os.environ["AWS_ACCESS_KEY_ID"] == "local"
    assert os.environ["AWS_DEFAULT_REGION"] == os.environ["AWS_REGION"] == "us-east-1"
    gone = ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "HTTPS_PROXY")
    assert not [name for name in gone if name in os.environ]
    assert os.environ["AWS_CONFIG_FILE"] == os.devnull


@pytest.mark.parametrize(
    "endpoint", ["https://kinesis.us-east-1.amazonaws.com", "http://10.0.0.1:4566", "http://127.0.0.1.example.com:80"]
)
def test_an_endpoint_off_the_loopback_is_refused(tmp_path: Path, endpoint: str) -> None:
    _record(tmp_path, endpoint)
    with pytest.raises(LocalCloudError, match="not this machine's loopback"):
        settings.settle()


def test_a_local_cloud_that_is_not_running_is_one_line_that_says_how_to_start_it() -> None:
    with pytest.raises(LocalCloudError, match="make demo"):
        settings.settle()


def test_aws_is_used_only_when_asked_for() -> None:
    os.environ.update({"AWS_REGION": "eu-west-2", "AWS_PROFILE": "shop"})
    found = settings.settle(aws=True)
    assert (found.cloud, found.region) == ("aws", "eu-west-2")
    assert os.environ["AWS_PROFILE"] == "shop"
    assert os.environ["AWS_DEFAULT_REGION"] == "eu-west-2"
    assert "AWS_ENDPOINT_URL" not in os.environ


def test_aws_by_variable_and_the_stack_by_name() -> None:
    os.environ.update({"WEIR_CLOUD": "aws", "WEIR_STACK": "shop"})
    assert settings.settle().stack == "shop"
    assert settings.settle().cloud == "aws"


def test_an_unknown_cloud_is_refused() -> None:
    os.environ["WEIR_CLOUD"] = "moon"
    with pytest.raises(BadInputError, match="moon"):
        settings.settle()


def test_a_damaged_record_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "cloud.json").write_text("{")
    with pytest.raises(LocalCloudError, match="make clean"):
        settings.settle()
