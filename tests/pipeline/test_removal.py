"""A removal, against CloudFormation, S3 and the tagging API in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline import removal, stack
from pipeline.errors import CloudError
from tests.pipeline.fake_cloud import Stack

if TYPE_CHECKING:
    from tests.pipeline.fake_cloud import FakeAws


def fill(aws: FakeAws, bucket: str, count: int) -> None:
    for number in range(count):
        aws.s3.put_object(Bucket=bucket, Key=f"orders/{number}", Body=b"PAR1")


def test_buckets_are_emptied_with_every_version_and_nothing_is_left(aws: FakeAws) -> None:
    stack.deploy("weir", {})
    fill(aws, "weir-lakebucket", 7)
    assert removal.destroy("weir") == []
    assert not aws.cloudformation.stacks
    assert not aws.s3.buckets
    assert aws.cloudformation.deletions == 1


def test_other_stacks_stay(aws: FakeAws) -> None:
    for name in ("weir", "weir2"):
        stack.deploy(name, {})
    assert removal.destroy("weir2") == []
    assert set(aws.cloudformation.stacks) == {"weir"}
    assert "weir-lakebucket" in aws.s3.buckets


def test_a_bucket_that_fills_again_is_emptied_once_more(aws: FakeAws) -> None:
    stack.deploy("weir", {})
    aws.cloudformation.late_objects = ["raw/orders/late.gz"]
    assert removal.destroy("weir") == []
    assert aws.cloudformation.deletions == 2


def test_what_fills_again_and_again_is_given_up_with_the_reason(aws: FakeAws) -> None:
    stack.deploy("weir", {})
    aws.cloudformation.late_objects = ["1", "2", "3"]
    with pytest.raises(CloudError, match=r"^Stack weir could not be deleted: LakeBucket: .* not empty$"):
        removal.destroy("weir")
    assert aws.cloudformation.deletions == 2


def test_an_object_that_cannot_be_deleted_is_named(aws: FakeAws) -> None:
    stack.deploy("weir", {})
    fill(aws, "weir-lakebucket", 2)
    aws.s3.undeletable.add("orders/1")
    with pytest.raises(CloudError, match=r"weir-lakebucket could not be deleted, such as orders/1: AccessDenied"):
        removal.destroy("weir")


@pytest.mark.parametrize("status", ["REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "DELETE_FAILED"])
def test_what_never_came_to_be_is_removed_too(aws: FakeAws, status: str) -> None:
    aws.cloudformation.stacks["weir"] = Stack(status)
    assert removal.destroy("weir") == []
    assert not aws.cloudformation.stacks


def test_a_second_removal_finds_nothing_to_do(aws: FakeAws) -> None:
    stack.deploy("weir", {})
    removal.destroy("weir")
    assert removal.destroy("weir") == []
    assert aws.cloudformation.deletions == 1


def test_the_tagging_api_is_given_time_to_forget(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "_LOOK_AGAIN_S", 0)
    stack.deploy("weir", {})
    aws.tagging.remembered = 3
    assert removal.destroy("weir") == []


def test_what_stays_is_told(aws: FakeAws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "_FORGOTTEN_WITHIN_S", 0)
    stack.deploy("weir", {})
    aws.tagging.remembered = 2
    assert removal.destroy("weir") == ["arn:of-what-was-deleted"]
