"""The Resource Groups Tagging API, which also lists what MiniStack's forgets.

- A table that its stack deleted is listed no more: MiniStack keeps a deleted table's tags.
- Streams, delivery streams, log groups and secrets are listed too ("Services that support the Resource Groups Tagging
  API"), and a delivery stream gets its stack's tags, as every resource that supports tags does (CloudFormation user
  guide, "Resource tag").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipeline.local.host import Host

    Tagged = tuple[str, list[dict[str, str]]]


def install(host: Host) -> None:
    """Put our listings in the place of MiniStack's and beside them."""
    del host
    from ministack.services import tagging
    from ministack.services.cloudformation import provisioners

    listed = tagging._collect_dynamodb

    def tables() -> Iterator[Tagged]:
        from ministack.services import dynamodb

        there = {table["TableArn"] for table in dynamodb._tables.values()}
        return ((arn, tags) for arn, tags in listed() if arn in there)

    tagging._COLLECTORS |= {
        "dynamodb": tables,
        "firehose": _delivery_streams,
        "kinesis": _streams,
        "logs": _log_groups,
        "secretsmanager": tagging._collect_secretsmanager,
    }
    tagging._RESOURCE_TAG_COLLECTORS["dynamodb"] = tables
    provisioners._STACK_TAG_PROPERTY["AWS::KinesisFirehose::DeliveryStream"] = ("Tags", "list")


def _delivery_streams() -> Iterator[Tagged]:
    from ministack.services import firehose

    return ((stream["arn"], _listed(stream["tags"])) for stream in firehose._streams.values())


def _streams() -> Iterator[Tagged]:
    from ministack.services import kinesis

    return ((stream["StreamARN"], _listed(stream["tags"])) for stream in kinesis._streams.values())


def _log_groups() -> Iterator[Tagged]:
    from ministack.services import cloudwatch_logs

    # The ARN of a group as tags have it is without the `:*` of its log streams.
    groups = cloudwatch_logs._log_groups.values()
    return ((group["arn"].removesuffix(":*"), _listed(group["tags"])) for group in groups)


def _listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
