"""`deploy` and `destroy` as they are typed, against AWS in memory."""

from __future__ import annotations

import argparse
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.cli import deploy, destroy
from pipeline.errors import BadInputError
from tests.pipeline.fake_cloud import CHANGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.pipeline.fake_cloud import FakeAws

CIDR = "WarehouseCidr=203.0.113.7/32"


@pytest.fixture
def warehouse(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The dialects in which the warehouse was given its tables."""
    applied: list[str] = []

    @contextmanager
    def connect(_outputs: object) -> Iterator[None]:
        yield None

    monkeypatch.setattr(deploy, "connect", connect)
    monkeypatch.setattr(deploy, "apply", lambda _connection, dialect: applied.append(dialect))
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("WEIR_CLOUD", "aws")
    monkeypatch.setenv("WEIR_STACK", "weir")
    return applied


def answers(monkeypatch: pytest.MonkeyPatch, answer: str | None) -> list[str]:
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        if answer is None:
            raise EOFError
        return answer

    monkeypatch.setattr("builtins.input", ask)
    return asked


def run(verb: Any, *arguments: str) -> int:
    parser = argparse.ArgumentParser()
    verb.add_arguments(parser)
    return int(verb.run(parser.parse_args(arguments)))


def nobody(_question: str) -> str:
    pytest.fail("asked, though told not to")


def test_a_yes_applies_the_changes_and_makes_the_tables(
    aws: FakeAws, warehouse: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workgroup = {"Action": "Add", "ResourceType": "AWS::RedshiftServerless::Workgroup", "LogicalResourceId": "Wg"}
    replaced = CHANGE | {"Action": "Modify", "Replacement": "True"}
    aws.cloudformation.changes = [workgroup, replaced, CHANGE | {"Replacement": "Conditional"}]
    asked = answers(monkeypatch, "y")
    assert run(deploy, "--aws", "--parameter", CIDR) == 0
    assert warehouse == ["redshift"]
    assert asked == ["Apply these 3 changes? [y/N] "]
    told = capsys.readouterr().out
    assert "In account 111122223333, eu-west-1:" in told
    assert "LakeBucket (replaced)" in told
    assert "LakeBucket (may be replaced)" in told
    assert "costs by the hour" in told
    assert told.endswith("Stack weir: deployed.\n")


@pytest.mark.parametrize("answer", ["", "n", "no", "yellow", None])
def test_anything_else_changes_nothing(
    aws: FakeAws, warehouse: list[str], monkeypatch: pytest.MonkeyPatch, answer: str | None
) -> None:
    answers(monkeypatch, answer)
    assert run(deploy, "--aws", "--parameter", CIDR) == 1
    assert not warehouse
    assert not aws.cloudformation.stacks
    assert not aws.s3.buckets, "the bucket of artifacts was left behind"


def test_a_refused_update_keeps_the_stack(
    aws: FakeAws, warehouse: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("builtins.input", nobody)
    assert run(deploy, "--yes", "--parameter", CIDR) == 0
    answers(monkeypatch, "n")
    assert run(deploy) == 1
    assert warehouse == ["redshift"]
    assert aws.cloudformation.stacks["weir"].status == "CREATE_COMPLETE"
    assert capsys.readouterr().out.endswith("Stack weir: nothing was changed.\n")


def test_a_new_warehouse_must_admit_somebody(aws: FakeAws, warehouse: list[str]) -> None:
    with pytest.raises(BadInputError, match="WarehouseCidr"):
        run(deploy, "--aws", "--yes")
    assert not aws.s3.buckets
    run(deploy, "--aws", "--yes", "--parameter", CIDR)
    aws.cloudformation.unready = "didn't contain changes"
    assert run(deploy, "--aws", "--yes") == 0, "an update keeps the address"


@pytest.mark.parametrize("text", ["WarehouseCidr", "=1", ""])
def test_a_parameter_is_a_name_and_a_value(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(deploy, "--parameter", text)
    assert "is not NAME=VALUE" in capsys.readouterr().err


@pytest.mark.parametrize(("answer", "left"), [("weir", False), ("y", True), ("", True), (None, True)])
def test_destroy_asks_for_the_name(
    aws: FakeAws,
    warehouse: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: str | None,
    left: bool,
) -> None:
    run(deploy, "--yes", "--parameter", CIDR)
    answers(monkeypatch, answer)
    assert run(destroy) == int(left)
    assert bool(aws.cloudformation.stacks) == left
    told = capsys.readouterr().out
    assert "in account 111122223333, eu-west-1" in told
    assert ("nothing is left by its tag" in told) != left
