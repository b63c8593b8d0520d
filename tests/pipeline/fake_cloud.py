"""CloudFormation, S3 and the tagging API in memory, as far as a deployment asks them; they refuse what AWS refuses."""

# ruff: noqa: N803 - AWS's own names of arguments

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, WaiterError

from pipeline.packaging import template

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNT = "111122223333"
REGION = "eu-west-1"
OUTPUTS = [*template()["Outputs"].keys() - {"ApiKeyId"}]
CHANGE = {"Action": "Add", "ResourceType": "AWS::S3::Bucket", "LogicalResourceId": "LakeBucket"}


def refused(code: str, message: str, operation: str, status: int = 400) -> ClientError:
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)


@dataclass
class Stack:
    status: str
    parameters: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    buckets: list[str] = field(default_factory=list)


class Meta:
    region_name = REGION
    endpoint_url = f"https://s3.{REGION}.amazonaws.com"


@dataclass
class FakeS3:
    """Buckets of versioned objects; `foreign` are somebody else's."""

    buckets: dict[str, list[tuple[str, str, bytes]]] = field(default_factory=dict)
    foreign: set[str] = field(default_factory=set)
    undeletable: set[str] = field(default_factory=set)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    private: set[str] = field(default_factory=set)
    created_with: dict[str, Any] = field(default_factory=dict)
    meta = Meta()

    def head_bucket(self, *, Bucket: str, ExpectedBucketOwner: str) -> None:
        if Bucket in self.foreign or ExpectedBucketOwner != ACCOUNT:
            raise refused("403", "Forbidden", "HeadBucket", 403)
        if Bucket not in self.buckets:
            raise refused("404", "Not Found", "HeadBucket", 404)

    def create_bucket(self, *, Bucket: str, **options: Any) -> None:
        assert Bucket not in self.buckets
        self.created_with[Bucket] = options
        self.buckets[Bucket] = []

    def put_bucket_tagging(self, *, Bucket: str, Tagging: dict[str, Any]) -> None:
        self.tags[Bucket] = {tag["Key"]: tag["Value"] for tag in Tagging["TagSet"]}

    def put_public_access_block(self, *, Bucket: str, PublicAccessBlockConfiguration: dict[str, bool]) -> None:
        if len(PublicAccessBlockConfiguration) == 4 and all(PublicAccessBlockConfiguration.values()):
            self.private.add(Bucket)

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:
        if Bucket not in self.buckets:
            raise refused("NoSuchBucket", "The specified bucket does not exist", "PutObject", 404)
        self.buckets[Bucket].append((Key, f"v{len(self.buckets[Bucket])}", Body))

    def keys(self, bucket: str) -> list[str]:
        return [key for key, _, _ in self.buckets[bucket]]

    def get_paginator(self, operation: str) -> Pages:
        assert operation == "list_object_versions"

        def pages(Bucket: str) -> list[dict[str, Any]]:
            if Bucket not in self.buckets:
                raise refused("NoSuchBucket", "The specified bucket does not exist", "ListObjectVersions", 404)
            found = [{"Key": key, "VersionId": version} for key, version, _ in self.buckets[Bucket]]
            # A page holds versions and markers of deletion.
            return [{"Versions": found[at : at + 1], "DeleteMarkers": found[at + 1 : at + 2]} for at in range(0, 9, 2)]

        return Pages(pages)

    def delete_objects(self, *, Bucket: str, Delete: dict[str, Any]) -> dict[str, Any]:
        assert 1 <= len(Delete["Objects"]) <= 1000
        doomed = {(one["Key"], one["VersionId"]) for one in Delete["Objects"] if one["Key"] not in self.undeletable}
        self.buckets[Bucket] = [one for one in self.buckets[Bucket] if one[:2] not in doomed]
        kept = [one["Key"] for one in Delete["Objects"] if one["Key"] in self.undeletable]
        return {"Errors": [{"Key": key, "Code": "AccessDenied", "Message": "Access Denied"} for key in kept]}

    def delete_bucket(self, *, Bucket: str) -> None:
        if Bucket not in self.buckets:
            raise refused("NoSuchBucket", "The specified bucket does not exist", "DeleteBucket", 404)
        if self.buckets[Bucket]:
            raise refused("BucketNotEmpty", "The bucket you tried to delete is not empty", "DeleteBucket", 409)
        del self.buckets[Bucket]


@dataclass
class Pages:
    pages: Callable[..., list[dict[str, Any]]]

    def paginate(self, **given: Any) -> list[dict[str, Any]]:
        return self.pages(**given)


@dataclass
class Waiter:
    condition: Callable[..., None]

    def wait(self, *, WaiterConfig: dict[str, int], **given: Any) -> None:
        assert WaiterConfig["MaxAttempts"] > 0
        self.condition(**given)


@dataclass
class FakeCloudFormation:
    """One account's stacks. `changes` is what the next change set holds, `unready` why it comes to nothing.

    `fails` ends the next execution, `late_objects` are written to the stack's buckets while it is being deleted.
    """

    s3: FakeS3
    stacks: dict[str, Stack] = field(default_factory=dict)
    change_sets: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=lambda: [CHANGE])
    unready: str = ""
    fails: list[tuple[str, str]] = field(default_factory=list)
    late_objects: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    deletions: int = 0

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:
        stack = self._stack(StackName, "DescribeStacks")
        described = {
            "StackStatus": stack.status,
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in stack.parameters.items()],
            "Outputs": [{"OutputKey": key, "OutputValue": f"{StackName}-{key.lower()}"} for key in OUTPUTS],
        }
        return {"Stacks": [described]}

    def _stack(self, name: str, operation: str) -> Stack:
        if name not in self.stacks:
            raise refused("ValidationError", f"Stack with id {name} does not exist", operation)
        return self.stacks[name]

    def create_change_set(self, *, StackName: str, ChangeSetType: str, **asked: Any) -> dict[str, str]:
        status = self.stacks[StackName].status if StackName in self.stacks else ""
        if ChangeSetType == "CREATE" and status not in {"", "REVIEW_IN_PROGRESS"}:
            raise refused("ValidationError", f"Stack {StackName} already exists", "CreateChangeSet")
        if ChangeSetType == "UPDATE" and not status.endswith("_COMPLETE"):
            raise refused("ValidationError", f"Stack is in {status} state and can not be updated.", "CreateChangeSet")
        for parameter in asked["Parameters"]:
            previous = parameter.get("UsePreviousValue")
            assert not previous or parameter["ParameterKey"] in self.stacks[StackName].parameters
        self.stacks.setdefault(StackName, Stack("REVIEW_IN_PROGRESS"))
        identity = f"arn:{StackName}/{asked['ChangeSetName']}"
        self.change_sets[identity] = {"stack": StackName, "kind": ChangeSetType, **asked}
        self.asked.append(self.change_sets[identity])
        return {"Id": identity}

    def delete_change_set(self, *, ChangeSetName: str) -> None:
        del self.change_sets[ChangeSetName]

    def execute_change_set(self, *, ChangeSetName: str) -> None:
        change_set = self.change_sets.pop(ChangeSetName)
        name, kind = change_set["stack"], change_set["kind"]
        stack = self.stacks[name]
        self._event(name, name, f"{kind}_IN_PROGRESS")
        for logical, reason in self.fails:
            self._event(name, logical, f"{kind}_FAILED", reason)
        if self.fails:
            self.fails = []
            stack.status = "ROLLBACK_COMPLETE" if kind == "CREATE" else "UPDATE_ROLLBACK_COMPLETE"
            return
        stack.status = f"{kind}_COMPLETE"
        given = change_set["Parameters"]
        stack.parameters |= {one["ParameterKey"]: one["ParameterValue"] for one in given if "ParameterValue" in one}
        stack.tags = {tag["Key"]: tag["Value"] for tag in change_set["Tags"]}
        lake = f"{name}-lakebucket"
        if lake not in self.s3.buckets:
            self.s3.buckets[lake] = []
            stack.buckets.append(lake)

    def delete_stack(self, *, StackName: str) -> None:
        if StackName not in self.stacks:
            return
        self.deletions += 1
        stack = self.stacks[StackName]
        self._event(StackName, StackName, "DELETE_IN_PROGRESS")
        for bucket in stack.buckets:
            if self.late_objects:
                self.s3.put_object(Bucket=bucket, Key=self.late_objects.pop(), Body=b"late")
            if self.s3.buckets[bucket]:
                stack.status = "DELETE_FAILED"
                self._event(StackName, "LakeBucket", "DELETE_FAILED", "The bucket you tried to delete is not empty")
                return
            del self.s3.buckets[bucket]
        del self.stacks[StackName]

    def _event(self, stack: str, logical: str, status: str, reason: str = "") -> None:
        itself = f"arn:{stack}"
        event = {"StackId": itself, "LogicalResourceId": logical, "ResourceStatus": status}
        event |= {"PhysicalResourceId": itself if logical == stack else f"{itself}/{logical}"}
        self.events.insert(0, event | ({"ResourceStatusReason": reason} if reason else {}))

    def get_waiter(self, name: str) -> Waiter:
        def change_set_made(ChangeSetName: str) -> None:
            assert ChangeSetName in self.change_sets
            if self.unready:
                raise WaiterError(name, "terminal failure", {"Status": "FAILED", "StatusReason": self.unready})

        def stack_is(StackName: str) -> None:
            wanted = {"stack_create_complete": "CREATE_COMPLETE", "stack_update_complete": "UPDATE_COMPLETE"}
            status = self.stacks[StackName].status if StackName in self.stacks else None
            if status != wanted.get(name):
                raise WaiterError(name, "terminal failure", {})

        return Waiter(change_set_made if name == "change_set_create_complete" else stack_is)

    def get_paginator(self, operation: str) -> Pages:
        def changes(ChangeSetName: str) -> list[dict[str, Any]]:
            assert ChangeSetName in self.change_sets
            return [{"Changes": [{"ResourceChange": change}]} for change in self.changes]

        def resources(StackName: str) -> list[dict[str, Any]]:
            found = [
                {"ResourceType": "AWS::S3::Bucket", "PhysicalResourceId": one} for one in self.stacks[StackName].buckets
            ]
            return [{"StackResourceSummaries": [*found, {"ResourceType": "AWS::S3::Bucket"}]}]

        def events(StackName: str) -> list[dict[str, Any]]:
            return [{"StackEvents": [event]} for event in self.events]

        return Pages(
            {"describe_change_set": changes, "list_stack_resources": resources, "describe_stack_events": events}[
                operation
            ]
        )


@dataclass
class FakeTagging:
    """What carries a tag: what is there, and for `remembered` questions also what was."""

    cloudformation: FakeCloudFormation
    remembered: int = 0

    def get_paginator(self, operation: str) -> Pages:
        assert operation == "get_resources"

        def pages(TagFilters: list[dict[str, Any]]) -> list[dict[str, Any]]:
            ((key, (value,)),) = [(one["Key"], one["Values"]) for one in TagFilters]
            s3, stacks = self.cloudformation.s3, self.cloudformation.stacks
            found = [f"arn:aws:s3:::{one}" for one, tags in s3.tags.items() if one in s3.buckets and tags[key] == value]
            found += [f"arn:{name}" for name, stack in stacks.items() if stack.tags.get(key) == value]
            if self.remembered:
                self.remembered -= 1
                found.append("arn:of-what-was-deleted")
            return [{"ResourceTagMappingList": [{"ResourceARN": arn}]} for arn in found]

        return Pages(pages)


class FakeSts:
    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": ACCOUNT}


class FakeAws:
    """An account with nothing in it; stands where boto3 makes its sessions."""

    def __init__(self) -> None:
        self.s3 = FakeS3()
        self.cloudformation = FakeCloudFormation(self.s3)
        self.tagging = FakeTagging(self.cloudformation)

    def client(self, service: str, **_: Any) -> Any:
        made = {
            "s3": self.s3,
            "cloudformation": self.cloudformation,
            "resourcegroupstaggingapi": self.tagging,
            "sts": FakeSts(),
        }
        return made[service]
