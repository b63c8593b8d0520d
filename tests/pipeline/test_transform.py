"""The template as CloudFormation sees it, after SAM's transform."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from pipeline import packaging

if TYPE_CHECKING:
    from collections.abc import Iterator


@cache
def transformed() -> dict[str, Any]:
    body = packaging.template()
    for name in packaging.function_uris(body):
        body["Resources"][name]["Properties"]["CodeUri"] = f"s3://artifacts/{name}.zip"
    translator = Translator({}, Parser(), boto_session=boto3.session.Session(region_name="us-east-1"))
    made: dict[str, Any] = translator.translate(body, parameter_values={"LakeFrom": "2026/01/01/00"})
    return made


def referred_to(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from referred_to(one)
    if isinstance(value, dict):
        for key, one in value.items():
            if key == "Ref" or (key == "DependsOn" and isinstance(one, str)):
                yield one
            elif key == "Fn::GetAtt":
                yield one[0]
            elif key == "DependsOn":
                yield from one
            else:
                yield from referred_to(one)


def test_everything_that_is_referred_to_is_there() -> None:
    """SAM names what it adds in its own way: `Ref: Api.Stage` finds the stage, a guessed logical id may not."""
    there = {*transformed()["Resources"], *transformed()["Parameters"]}
    found = {name for name in referred_to(transformed()["Resources"]) if not name.startswith("AWS::")}
    assert not found - there


def test_the_api_has_one_stage() -> None:
    """SAM leaves a second one, called Stage, unless OpenApiVersion is set."""
    resources = [one for one in transformed()["Resources"].values() if one["Type"].startswith("AWS::ApiGateway")]
    names = [one["Properties"]["StageName"] for one in resources if "StageName" in one["Properties"]]
    assert names == ["v1"]
