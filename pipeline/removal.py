"""Take the stack away again: empty its buckets, delete it, and say what is left."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from botocore.exceptions import WaiterError

from pipeline import artifacts
from pipeline import stack as stacks
from pipeline.clients import aws_errors, client
from pipeline.errors import CloudError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator

_WAIT = {"Delay": 1, "MaxAttempts": 3600}
# The tagging API lists what is "tagged or previously tagged", so that what was deleted shows for a while.
_FORGOTTEN_WITHIN_S = 120
_LOOK_AGAIN_S = 5


def destroy(stack: str) -> list[str]:
    """Delete everything that `deploy` made; returns the ARNs that still carry the stack's tag.

    Raises CloudError with the reasons of the resources that could not be deleted.
    """
    bucket_of_artifacts = artifacts.bucket_name(stack)
    # Also one that was never finished: under review, or rolled back.
    if stacks.status(stack):
        # Deliveries go on until the stack is deleted, so a bucket may fill again: empty them, delete, and once more.
        for _attempt in range(2):
            for bucket in _buckets(stack):
                empty(bucket)
            if _delete(stack):
                break
        else:
            message = f"Stack {stack} could not be deleted: {stacks.failures(stack)}"
            raise CloudError(message)
    empty(bucket_of_artifacts)
    _delete_bucket(bucket_of_artifacts)
    stacks.outputs.cache_clear()
    return _left_at_last(stack)


def _buckets(stack: str) -> Iterator[str]:
    with aws_errors(f"Stack {stack}"):
        pages = client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
        for page in pages:
            for resource in page["StackResourceSummaries"]:
                if resource["ResourceType"] == "AWS::S3::Bucket" and resource.get("PhysicalResourceId"):
                    yield resource["PhysicalResourceId"]


def empty(bucket: str) -> None:
    """Delete every object of `bucket`, with all versions; a bucket that is not there is empty."""
    try:
        with aws_errors(f"Bucket {bucket}"):
            pages = client("s3").get_paginator("list_object_versions").paginate(Bucket=bucket)
            for page in pages:
                found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
                doomed = [{"Key": version["Key"], "VersionId": version["VersionId"]} for version in found]
                if doomed:
                    _delete_objects(bucket, doomed)
    except NotFoundError:
        return


def _delete_objects(bucket: str, doomed: list[dict[str, str]]) -> None:
    """DeleteObjects answers 200 and lists what it could not delete."""
    answer = client("s3").delete_objects(Bucket=bucket, Delete={"Objects": doomed, "Quiet": True})
    kept = answer.get("Errors", [])
    if kept:
        first = kept[0]
        message = (
            f"{len(kept)} objects of bucket {bucket} could not be deleted, such as {first.get('Key')}: "
            f"{first.get('Code')}: {first.get('Message')}"
        )
        raise CloudError(message)


def _delete_bucket(bucket: str) -> None:
    try:
        with aws_errors(f"Bucket {bucket}"):
            client("s3").delete_bucket(Bucket=bucket)
    except NotFoundError:
        return


def _delete(stack: str) -> bool:
    cloudformation = client("cloudformation")
    with aws_errors(f"Stack {stack}"):
        cloudformation.delete_stack(StackName=stack)
        try:
            cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig=_WAIT)
        except WaiterError:
            return False
    return True


def _left_at_last(stack: str) -> list[str]:
    """`left`, once nothing is or the tagging API has had its time to forget."""
    deadline = time.monotonic() + _FORGOTTEN_WITHIN_S
    while (found := left(stack)) and time.monotonic() < deadline:
        time.sleep(_LOOK_AGAIN_S)
    return found


def left(stack: str) -> list[str]:
    """The ARNs of what still carries the stack's tag."""
    with aws_errors("The resource groups tagging API"):
        pages = client("resourcegroupstaggingapi").get_paginator("get_resources")
        found = pages.paginate(TagFilters=[{"Key": artifacts.TAG, "Values": [stack]}])
        return [resource["ResourceARN"] for page in found for resource in page["ResourceTagMappingList"]]
