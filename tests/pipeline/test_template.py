"""What the template promises beyond what cfn-lint checks."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline import packaging

RESOURCES: dict[str, dict[str, Any]] = packaging.template()["Resources"]


def _of_type(name: str) -> list[str]:
    return [logical for logical, resource in RESOURCES.items() if resource["Type"] == name]


def _statements() -> list[tuple[str, dict[str, Any]]]:
    found = []
    for logical, resource in RESOURCES.items():
        properties = resource.get("Properties", {})
        documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        if resource["Type"] == "AWS::IAM::Policy":
            documents.append(properties["PolicyDocument"])
        found += [(logical, statement) for document in documents for statement in document["Statement"]]
    return found


@pytest.mark.parametrize("bucket", _of_type("AWS::S3::Bucket"))
def test_every_bucket_is_encrypted_and_private(bucket: str) -> None:
    properties = RESOURCES[bucket]["Properties"]
    assert properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}


def test_the_workgroup_stops_a_query_that_reads_too_much_whoever_asks() -> None:
    (workgroup,) = _of_type("AWS::Athena::WorkGroup")
    settings = RESOURCES[workgroup]["Properties"]["WorkGroupConfiguration"]
    assert settings["EnforceWorkGroupConfiguration"] is True
    assert settings["BytesScannedCutoffPerQuery"] == {"Ref": "ScannedBytesLimit"}
    limit = packaging.template()["Parameters"]["ScannedBytesLimit"]
    assert 10 * 10**6 <= int(limit["Default"]) <= 2**30


@pytest.mark.parametrize(("role", "statement"), _statements())
def test_no_role_has_a_wildcard_for_an_action_or_for_all_resources(role: str, statement: dict[str, Any]) -> None:
    actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    assert not [action for action in actions if "*" in action], role
    resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
    assert "*" not in resources, role


def test_functions_bring_their_own_roles() -> None:
    for name in _of_type("AWS::Serverless::Function"):
        assert "Role" in RESOURCES[name]["Properties"], f"SAM would give {name} a managed policy with wildcards"


def test_doors_are_locked_on_aws_and_open_on_loopback() -> None:
    paths = RESOURCES["Api"]["Properties"]["DefinitionBody"]["paths"]
    security = {path: operation["security"] for path, methods in paths.items() for operation in methods.values()}
    assert security == {
        "/orders": {"Fn::If": ["OnAws", [{"key": []}], []]},
        "/page-views": {"Fn::If": ["OnAws", [{"key": []}], []]},
        "/clicks": {"Fn::If": ["OnAws", [{"key": []}], []]},
        "/invoices/{invoice_no}": {"Fn::If": ["OnAws", [{"signature": []}], []]},
        "/customers/{customer_id}/invoices": {"Fn::If": ["OnAws", [{"signature": []}], []]},
    }


def test_the_columns_of_the_delivery_are_those_of_the_jsonpaths() -> None:
    from pipeline import stack

    delivery = RESOURCES["OrdersToWarehouse"]["Properties"]["RedshiftDestinationConfiguration"]
    columns = delivery["CopyCommand"]["DataTableColumns"].split(",")
    lake = RESOURCES["OrdersToLake"]["Properties"]["ExtendedS3DestinationConfiguration"]
    serde = lake["DataFormatConversionConfiguration"]["InputFormatConfiguration"]["Deserializer"]["OpenXJsonSerDe"]
    assert [serde["ColumnToJsonKeyMappings"][column] for column in columns] == list(stack._JSONPATHS)


def test_the_outputs_are_all_there() -> None:
    from dataclasses import fields

    from pipeline.stack import Outputs, _pascal

    assert {_pascal(field.name) for field in fields(Outputs)} == set(packaging.template()["Outputs"])
