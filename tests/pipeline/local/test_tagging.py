"""What carries a tag, by the Resource Groups Tagging API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest

from pipeline.local import tagging as ours
from pipeline.local.host import ACCOUNT, Host

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TAGS = [{"Key": "weir:stack", "Value": "weir"}]


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """CloudFormation's makers of resources, within one account."""
    from ministack.services import cloudwatch_logs, dynamodb, firehose, kinesis, secretsmanager, tagging
    from ministack.services.cloudformation import provisioners

    # Put back what install replaces.
    monkeypatch.setattr(tagging, "_COLLECTORS", dict(tagging._COLLECTORS))
    monkeypatch.setattr(tagging, "_RESOURCE_TAG_COLLECTORS", dict(tagging._RESOURCE_TAG_COLLECTORS))
    monkeypatch.setattr(provisioners, "_STACK_TAG_PROPERTY", dict(provisioners._STACK_TAG_PROPERTY))
    host = Host(tmp_path, "", cast("Any", None))
    with host.scope():
        ours.install(host)
        yield provisioners
        for service in (cloudwatch_logs, dynamodb, firehose, kinesis, secretsmanager):
            service.reset()


def listed() -> list[str]:
    from ministack.services import tagging

    request = {"TagFilters": [{"Key": "weir:stack", "Values": ["weir"]}]}
    _status, _headers, body = tagging._get_resources(request)
    return sorted(one["ResourceARN"] for one in json.loads(body)["ResourceTagMappingList"])


def test_a_table_is_listed_until_its_stack_deletes_it(stack: Any) -> None:
    key = [{"AttributeName": "id", "KeyType": "HASH"}]
    properties = {"TableName": "invoices", "KeySchema": key, "Tags": TAGS}
    name, attributes = stack._ddb_create("Invoices", properties, "weir")
    assert listed() == [attributes["Arn"]]
    stack._ddb_delete(name, properties)
    assert listed() == []


def test_streams_log_groups_and_secrets_are_listed(stack: Any) -> None:
    stack._cwlogs_create("Logs", {"LogGroupName": "/weir/ingest", "Tags": TAGS}, "weir")
    stack._kinesis_stream_create("Orders", {"Name": "weir-orders", "ShardCount": 1, "Tags": TAGS}, "weir")
    from ministack.services import secretsmanager

    secretsmanager._create_secret({"Name": "weir-warehouse", "SecretString": "{}", "Tags": TAGS})
    kinds = [arn.split(":")[2] for arn in listed()]
    assert kinds == ["kinesis", "logs", "secretsmanager"]
    assert f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/weir/ingest" in listed()


def test_a_delivery_stream_gets_its_stacks_tags(stack: Any) -> None:
    kind = "AWS::KinesisFirehose::DeliveryStream"
    properties = {"DeliveryStreamName": "to-lake", "S3DestinationConfiguration": {"BucketARN": "arn:aws:s3:::b"}}
    tagged = stack._with_stack_tags(kind, properties, TAGS, "weir", "arn:weir", "OrdersToLake")
    assert {tag["Key"] for tag in tagged["Tags"]} >= {"weir:stack", "aws:cloudformation:stack-name"}
