"""A deployment, against CloudFormation in memory."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from pipeline import packaging, stack
from pipeline.errors import AccessRefusedError, BadInputError, CloudError, NotDeployedError
from tests.pipeline.fake_cloud import ACCOUNT, CHANGE, Stack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.pipeline.fake_cloud import FakeAws

ARTIFACTS = f"weir-artifacts-{ACCOUNT}-eu-west-1"


def given(aws: FakeAws) -> dict[str, Any]:
    """The parameters of the last change set, True standing for the previous value."""
    asked = aws.cloudformation.asked[-1]["Parameters"]
    return {one["ParameterKey"]: one.get("ParameterValue", one.get("UsePreviousValue")) for one in asked}


def test_the_first_deployment_creates(aws: FakeAws) -> None:
    assert stack.deploy("weir", {"OrdersShards": "3"}) == "deployed"
    made = aws.cloudformation.stacks["weir"]
    assert (made.status, made.tags) == ("CREATE_COMPLETE", {"weir:stack": "weir"})
    assert made.parameters["OrdersShards"] == "3"
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\d\d", made.parameters["LakeFrom"])
    (key,) = aws.s3.keys("weir-lakebucket")
    assert key == "config/orders-jsonpaths.json"


def test_functions_and_template_are_uploaded_under_names_of_their_content(aws: FakeAws) -> None:
    stack.deploy("weir", {})
    keys = aws.s3.keys(ARTIFACTS)
    assert sorted(key.split("-")[0] for key in keys) == sorted(
        [*packaging.function_uris(packaging.template()), "template"]
    )
    url = aws.cloudformation.asked[-1]["TemplateURL"]
    assert url == f"https://s3.eu-west-1.amazonaws.com/{ARTIFACTS}/{keys[-1]}"
    template = json.loads(aws.s3.buckets[ARTIFACTS][-1][2])
    assert template["Resources"]["IngestFunction"]["Properties"]["CodeUri"] == f"s3://{ARTIFACTS}/{keys[0]}"
    stack.deploy("weir", {})
    assert set(aws.s3.keys(ARTIFACTS)) == set(keys), "the same content got another name"


def test_the_bucket_of_artifacts_is_tagged_and_private_in_the_region(aws: FakeAws) -> None:
    stack.deploy("weir", {})
    assert aws.s3.tags[ARTIFACTS] == {"weir:stack": "weir"}
    assert ARTIFACTS in aws.s3.private
    assert aws.s3.created_with[ARTIFACTS] == {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}


def test_code_is_not_uploaded_to_a_bucket_of_somebody_else(aws: FakeAws) -> None:
    aws.s3.foreign.add(ARTIFACTS)
    aws.s3.buckets[ARTIFACTS] = []
    with pytest.raises(AccessRefusedError, match="another account"):
        stack.deploy("weir", {})
    assert not aws.s3.buckets[ARTIFACTS]
    assert not aws.cloudformation.asked


def test_an_update_keeps_what_is_not_given(aws: FakeAws) -> None:
    stack.deploy("weir", {"OrdersShards": "3", "WarehousePassword": "secret"})
    before = dict(aws.cloudformation.stacks["weir"].parameters)
    assert stack.deploy("weir", {"OrdersShards": "4"}) == "deployed"
    assert aws.cloudformation.asked[-1]["kind"] == "UPDATE"
    assert given(aws) == {"OrdersShards": "4", "WarehousePassword": True, "LakeFrom": True}
    assert aws.cloudformation.stacks["weir"].parameters == before | {"OrdersShards": "4"}


def test_a_parameter_that_the_template_has_no_more_is_not_kept(aws: FakeAws) -> None:
    aws.cloudformation.stacks["weir"] = Stack("UPDATE_COMPLETE", {"Forgotten": "1", "LakeFrom": "2026/01/01/00"})
    aws.s3.buckets["weir-lakebucket"] = []
    stack.deploy("weir", {})
    assert given(aws) == {"LakeFrom": True}


@pytest.mark.parametrize(
    "reason",
    [
        "The submitted information didn't contain changes. Submit different information to create a change set.",
        "No updates are to be performed.",
    ],
)
def test_nothing_to_change(aws: FakeAws, reason: str) -> None:
    stack.deploy("weir", {})
    aws.cloudformation.unready = reason
    assert stack.deploy("weir", {}, never_asked) == "unchanged"
    assert not aws.cloudformation.change_sets
    assert aws.cloudformation.stacks["weir"].status == "CREATE_COMPLETE"


def never_asked(_changes: Sequence[Mapping[str, Any]]) -> bool:
    pytest.fail("asked about a change set that is not there")


def test_a_change_set_that_comes_to_nothing_says_why_and_leaves_nothing(aws: FakeAws) -> None:
    aws.cloudformation.unready = "Parameters: [Nonsense] do not exist in the template"
    with pytest.raises(CloudError, match=r"refused: Parameters: \[Nonsense\]"):
        stack.deploy("weir", {"Nonsense": "1"}, never_asked)
    assert not aws.cloudformation.change_sets
    assert not aws.cloudformation.stacks


def test_who_is_asked_sees_the_changes_of_all_pages(aws: FakeAws) -> None:
    aws.cloudformation.changes = [CHANGE, CHANGE | {"LogicalResourceId": "Other"}]
    seen: list[str] = []

    def approve(changes: Sequence[Mapping[str, Any]]) -> bool:
        seen.extend(change["LogicalResourceId"] for change in changes)
        return True

    stack.deploy("weir", {}, approve)
    assert seen == ["LakeBucket", "Other"]


def test_a_refused_creation_leaves_no_stack(aws: FakeAws) -> None:
    assert stack.deploy("weir", {}, lambda _changes: False) == "refused"
    assert not aws.cloudformation.change_sets
    assert not aws.cloudformation.stacks


def test_a_refused_update_leaves_the_stack_as_it_was(aws: FakeAws) -> None:
    stack.deploy("weir", {"OrdersShards": "3"})
    assert stack.deploy("weir", {"OrdersShards": "9"}, lambda _changes: False) == "refused"
    assert not aws.cloudformation.change_sets
    made = aws.cloudformation.stacks["weir"]
    assert (made.status, made.parameters["OrdersShards"]) == ("CREATE_COMPLETE", "3")


def test_a_failed_creation_names_the_resources_and_their_reasons(aws: FakeAws) -> None:
    aws.cloudformation.fails = [
        ("WarehouseWorkgroup", "Three subnets are needed"),
        ("Api", "Resource creation cancelled"),
        ("OrdersToLake", "Role cannot be assumed"),
    ]
    with pytest.raises(CloudError) as refused:
        stack.deploy("weir", {})
    assert str(refused.value) == (
        "Stack weir could not be deployed: WarehouseWorkgroup: Three subnets are needed; "
        "OrdersToLake: Role cannot be assumed"
    )


def test_a_failed_update_does_not_tell_of_earlier_failures(aws: FakeAws) -> None:
    stack.deploy("weir", {})
    for reason in ("the first", "the second"):
        aws.cloudformation.fails = [("OrdersStream", reason)]
        with pytest.raises(CloudError) as refused:
            stack.deploy("weir", {})
    assert str(refused.value) == "Stack weir could not be deployed: OrdersStream: the second"


def test_what_a_failed_creation_left_is_cleared_first(aws: FakeAws) -> None:
    aws.cloudformation.fails = [("Api", "no")]
    with pytest.raises(CloudError):
        stack.deploy("weir", {})
    assert aws.cloudformation.stacks["weir"].status == "ROLLBACK_COMPLETE"
    assert not stack.exists("weir")
    assert stack.deploy("weir", {}) == "deployed"
    assert aws.cloudformation.deletions == 1
    assert aws.cloudformation.asked[-1]["kind"] == "CREATE"


def test_a_stack_that_is_being_changed_is_left_alone(aws: FakeAws) -> None:
    aws.cloudformation.stacks["weir"] = Stack("UPDATE_IN_PROGRESS")
    with pytest.raises(CloudError, match="UPDATE_IN_PROGRESS"):
        stack.deploy("weir", {})


@pytest.mark.parametrize("name", ["Weir", "we", "1weir", "weir-", "weir_2", "w" * 29, ""])
def test_a_name_that_buckets_could_not_carry_is_refused_before_anything_is_made(aws: FakeAws, name: str) -> None:
    with pytest.raises(BadInputError, match="WEIR_STACK to 3 to"):
        stack.deploy(name, {})
    assert not aws.s3.buckets


def test_the_longest_name_fits(aws: FakeAws) -> None:
    longest = "w" * 28
    assert stack.deploy(longest, {}) == "deployed"
    assert len(f"{longest}-dead-letter-{ACCOUNT}-eu-west-1") == 63


def test_outputs_of_a_stack_that_is_not_there(aws: FakeAws) -> None:
    with pytest.raises(NotDeployedError, match="deploy"):
        stack.outputs("weir")
    assert not stack.exists("weir")


def test_a_missing_output_is_named() -> None:
    with pytest.raises(NotDeployedError, match="api_url"):
        stack.Outputs.of({"OrdersStream": "x"}, "weir")
