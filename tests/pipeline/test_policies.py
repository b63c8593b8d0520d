"""The IAM policies of docs/ grant what our code and CloudFormation ask for, and nothing else."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped] # ships no types

from pipeline import packaging
from pipeline.settings import REPOSITORY
from tests.pipeline.aws_calls import actions, ambiguous, calls, sources

DEPLOY = ("aws-deploy-policy", "aws-deploy-sinks-policy")
DASHBOARD = ("aws-dashboard-policy",)
LONGEST = 6144  # characters of a managed policy, blanks apart [IAM user guide, "IAM and AWS STS quotas"]

DEPLOY_CODE = sources(
    "pipeline/stack.py",
    "pipeline/artifacts.py",
    "pipeline/removal.py",
    "pipeline/cli/deploy.py",
    "pipeline/cli/destroy.py",
    "pipeline/warehouse",
)
DASHBOARD_CODE = sources(
    "dashboard.py",
    "pages",
    "queries",
    "pipeline/health",
    "pipeline/quarantine",
    "pipeline/redrive",
    "pipeline/replay",
    "pipeline/cli/replay.py",
    "pipeline/cli/replay_worker.py",
    "pipeline/warehouse",
)
# Run with the rights of whoever looks on or measures.
BENCHES = (
    "pipeline/tail.py",
    "pipeline/cli/put.py",
    "pipeline/bench",
    "pipeline/cli/bench.py",
    "pipeline/cli/bench_pages.py",
    "pipeline/cli/bench_replay.py",
    "pipeline/cli/bench_views.py",
)
# The functions' folders, and what of the contracts they call AWS with.
FUNCTIONS = [
    (["functions/ingest", "contracts/quarantine.py", "contracts/stream.py"], "IngestRole"),
    (["functions/ingest", "contracts/quarantine.py", "contracts/stream.py"], "PageViewsIngestRole"),
    (["functions/sessions_etl", "contracts/stream.py"], "SessionsEtlRole"),
    (["functions/view_processor", "contracts/quarantine.py"], "ViewProcessorRole"),
    (["functions/invoice_writer"], "InvoiceWriterRole"),
    (["functions/invoices_api"], "InvoicesApiRole"),
    (["functions/page_counter"], "PageCounterRole"),
]
# Of these there are many: the policies name all of the stack's own at once, by the beginning of their names.
BY_PREFIX = {
    "AWS::DynamoDB::Table": ":table/weir-*",
    "AWS::Kinesis::Stream": ":stream/weir-*",
    "AWS::KinesisFirehose::DeliveryStream": ":deliverystream/weir-*",
    "AWS::Serverless::Function": ":function:weir-*",
}

# `stack.outputs`, which the dashboard reads, and what PyAthena's cursor calls.
DASHBOARD_ASKS_TOO = {
    "cloudformation:DescribeStacks",
    "athena:StartQueryExecution",
    "athena:GetQueryExecution",
    "athena:GetQueryResults",
    "athena:StopQueryExecution",
}
# What Athena does in the name of who asks. [Athena user guide, "Control access to Amazon S3 from Athena",
# "Configure access to databases and tables in the AWS Glue Data Catalog"]
ATHENA_ASKS = {
    "glue:GetDatabase",
    "glue:GetTable",
    "s3:AbortMultipartUpload",
    "s3:GetBucketLocation",
    "s3:GetObject",
    "s3:ListBucketMultipartUploads",
    "s3:ListMultipartUploadParts",
}
# What DynamoDB does in the name of who asks for an export, beside s3:PutObject. [DynamoDB developer guide, "Requesting
# a table export in DynamoDB"]
EXPORT_ASKS = {"s3:AbortMultipartUpload", "s3:PutObjectAcl"}

# CloudFormation's types behind those of SAM.
MADE_BY_SAM = {
    "AWS::Serverless::Api": ("AWS::ApiGateway::RestApi", "AWS::ApiGateway::Deployment", "AWS::ApiGateway::Stage"),
    "AWS::Serverless::Function": ("AWS::Lambda::Function",),
}
# What the handlers of these types may call for properties that the template does not set.
NOT_NEEDED = re.compile(
    r"kms:|s3tables:|s3files:|elasticfilesystem:"  # keys of ours, table buckets, file systems
    r"|apigateway:UpdateRestApiPolicy|lakeformation:(CreateTable|GetDataAccess)"
    r"|dynamodb:(\w*Replica|\w*Import\w*|Scan|Query|UpdateItem|PutItem|GetItem|DeleteItem|BatchWriteItem"
    r"|Update(ContributorInsights|KinesisStreamingDestination)"
    r"|(Enable|Disable)KinesisStreamingDestination|(Put|Delete)ResourcePolicy)"
    r"|ec2:(\w*Vpn\w*|\w*Ipv6\w*|\w*EncryptionControls?|\w*SubnetCidrBlock|ModifyVpcTenancy)"
    r"|firehose:(Start|Stop)DeliveryStreamEncryption|glue:(\w*Connection|GetSchemaVersion)"
    r"|iam:(\w+(User|Group)Policy|(Attach|Detach)RolePolicy|\w*PermissionsBoundary)"
    r"|kinesis:((Enable|Disable)EnhancedMonitoring|\w+StreamEncryption|UpdateStream\w+|UpdateMaxRecordSize"
    r"|Describe\w*Consumer|DescribeStream$|PutRecords)"
    r"|lambda:(\w*FunctionConcurrency|PutFunction\w+|DeleteFunction\w+|GetCodeSigningConfig|GetLayerVersion"
    r"|PutRuntimeManagementConfig|PassCapacityProvider|AssociateRuntimeAlias|PublishVersion)"
    r"|logs:(\w*KmsKey|PutDataProtectionPolicy|DeleteDataProtectionPolicy|CreateLogDelivery|\w+ResourcePolicy"
    r"|(Put|Delete)IndexPolicy|PutLogGroupDeletionProtection|PutBearerTokenAuthentication|PutLogEvents)"
    r"|redshift:(Put|Delete)ResourcePolicy|redshift-serverless:((Create|Update|Delete)SnapshotCopyConfiguration|RestoreFrom\w+)"
    r"|secretsmanager:(ReplicateSecretToRegions|RemoveRegionsFromReplication|RotateSecret)"
    r"|s3:(REST.PUT.OBJECT|\w*(Analytics|Inventory|Metrics|Replication|Website|Accelerate|CORS|Cors|Abac|Logging"
    r"|ObjectLock|OwnershipControls|Tiering|Versioning|Notification|Metadata\w*)\w*|\w*Acl|DeleteBucketTagging"
    r"|DeleteBucket(Encryption|Lifecycle)|GetObjectVersion)"
)
# What CloudFormation and the services ask for beyond the handlers' lists, and why.
ALSO_NEEDED = {
    "cloudformation:CreateChangeSet": "also on the transform, as SAM's template needs it",
    "cloudformation:TagResource": "the stack's tags",
    "lambda:ListTags": "read with the function",
}

# Those that take no resource, or only made-up ids. [Service authorization reference]
FOR_ALL_RESOURCES = {
    "cloudwatch:GetMetricData",
    "lambda:CreateEventSourceMapping",
    "lambda:DeleteEventSourceMapping",
    "lambda:ListEventSourceMappings",
    "lambda:UpdateEventSourceMapping",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "redshift:GetResourcePolicy",
    "secretsmanager:GetRandomPassword",
    "tag:GetResources",
}


def statements(*policies: str) -> list[dict[str, Any]]:
    found = []
    for name in policies:
        policy = json.loads((REPOSITORY / "docs" / f"{name}.json").read_text())
        assert policy["Version"] == "2012-10-17"
        found += policy["Statement"]
    return found


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def granted(*policies: str) -> set[str]:
    return {action for statement in statements(*policies) for action in listed(statement["Action"])}


def types() -> set[str]:
    found = {resource["Type"] for resource in packaging.template()["Resources"].values()}
    return {made for name in found for made in MADE_BY_SAM.get(name, (name,))}


def of_handlers() -> set[str]:
    """What CloudFormation's registry says that the handlers of the template's types call."""
    found: set[str] = set()
    for name in types():
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", name).schema
        handlers = [part for kind, part in schema["handlers"].items() if kind != "list"]
        for part in [*handlers, schema.get("tagging") or {}]:
            found |= set(part.get("permissions", []))
    return found


@pytest.mark.parametrize("name", [*DEPLOY, *DASHBOARD])
def test_a_policy_is_one_that_iam_takes(name: str) -> None:
    text = (REPOSITORY / "docs" / f"{name}.json").read_text()
    assert len(re.sub(r"\s", "", text)) <= LONGEST
    sids = [statement["Sid"] for statement in statements(name)]
    assert len(sids) == len(set(sids))
    for statement in statements(name):
        assert set(statement) <= {"Sid", "Effect", "Action", "Resource", "Condition"}
        assert (statement["Effect"], statement["Sid"].isalnum()) == ("Allow", True)


@pytest.mark.parametrize("name", [*DEPLOY, *DASHBOARD])
def test_no_wildcards_where_aws_takes_names(name: str) -> None:
    for statement in statements(name):
        assert not [action for action in listed(statement["Action"]) if "*" in action]
        for resource in listed(statement["Resource"]):
            if resource == "*":
                named = set(listed(statement["Action"])) - FOR_ALL_RESOURCES
                assert not [one for one in named if not re.match(r"ec2:Describe|lakeformation:", one)]
            else:
                # API Gateway, EC2, Redshift Serverless and event source mappings have ids that AWS makes up.
                service = resource.split(":")[2]
                made_up = service in {"apigateway", "ec2", "redshift-serverless"} or "event-source-mapping" in resource
                by_name = "weir" in resource or "aws-service-role" in resource or "transform" in resource
                assert made_up or by_name or resource.endswith((":catalog", "database/default"))


def test_the_deployment_may_make_every_call_that_it_makes() -> None:
    assert not actions(calls(DEPLOY_CODE)) - granted(*DEPLOY)


def test_the_dashboard_may_make_every_call_that_it_makes_and_no_other() -> None:
    needed = actions(calls(DASHBOARD_CODE)) | DASHBOARD_ASKS_TOO | ATHENA_ASKS | EXPORT_ASKS
    assert granted(*DASHBOARD) == needed


def test_no_other_code_calls_aws() -> None:
    known = {
        *DEPLOY_CODE,
        *DASHBOARD_CODE,
        *sources("pipeline/functions", "pipeline/contracts", "pipeline/local", *BENCHES),
    }
    others = [path for path in sources("pipeline", "pages", "queries", "dashboard.py") if path not in known]
    assert not calls(others), "name the code in DEPLOY_CODE or DASHBOARD_CODE"


def test_no_call_is_ambiguous() -> None:
    code = "\n".join(path.read_text() for path in {*DEPLOY_CODE, *DASHBOARD_CODE, *sources("pipeline/functions")})
    assert not [method for method in ambiguous() if re.search(rf'\.{method}\(|get_paginator\("{method}"', code)]


@pytest.mark.parametrize(("code", "role"), FUNCTIONS)
def test_a_functions_role_allows_its_calls(code: list[str], role: str) -> None:
    policies = packaging.template()["Resources"][role]["Properties"]["Policies"]
    allowed = {
        action
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
    }
    needed = actions(calls(sources(*(f"pipeline/{part}" for part in code))))
    assert needed
    assert not needed - allowed


def test_cloudformation_may_do_what_its_handlers_do() -> None:
    needed = {action for action in of_handlers() if not NOT_NEEDED.match(action)}
    assert not needed - granted(*DEPLOY)


def test_the_deployment_may_do_nothing_else() -> None:
    known = of_handlers() | actions(calls(DEPLOY_CODE)) | ALSO_NEEDED.keys()
    assert not granted(*DEPLOY) - known
    assert not [action for action in granted(*DEPLOY) if NOT_NEEDED.match(action)]


def test_every_name_of_the_template_is_in_the_policies() -> None:
    text = json.dumps(statements(*DEPLOY))
    for resource in packaging.template()["Resources"].values():
        for key, value in resource.get("Properties", {}).items():
            name = value.get("Fn::Sub", "") if isinstance(value, dict) else ""
            if not key.endswith("Name") or not isinstance(name, str) or "${AWS::StackName}" not in name:
                continue
            name = name.replace("${AWS::StackName}", "weir").replace("${AWS::AccountId}", "123456789012")
            name = name.replace("${AWS::Region}", "us-east-1")
            covered = BY_PREFIX.get(resource["Type"]) or re.sub(r"^/weir/.*", "/weir/", name)
            assert name.startswith(("weir-", "/weir/"))
            assert covered in text, name


def test_the_dashboard_sees_every_stream_delivery_and_table() -> None:
    of = {action: listed(one["Resource"]) for one in statements(*DASHBOARD) for action in listed(one["Action"])}
    assert of["kinesis:GetRecords"] == ["arn:aws:kinesis:us-east-1:123456789012:stream/weir-*"]
    assert of["firehose:DescribeDeliveryStream"] == ["arn:aws:firehose:us-east-1:123456789012:deliverystream/weir-*"]
    tables = [
        one["Properties"]["TableInput"]
        for one in packaging.template()["Resources"].values()
        if one["Type"] == "AWS::Glue::Table"
    ]
    read = [one for statement in statements(*DASHBOARD) for one in listed(statement["Resource"]) if ":s3:" in one]
    for table in tables:
        if table["TableType"] == "EXTERNAL_TABLE":
            assert f"arn:aws:s3:::weir-lake-123456789012-us-east-1/{table['Name']}/*" in read


@pytest.mark.parametrize("name", [*DEPLOY, *DASHBOARD])
def test_the_command_of_the_page_puts_other_names_in(name: str) -> None:
    page = (REPOSITORY / "docs" / "aws.md").read_text()
    assert r"s/weir\([-/\"]\)/$WEIR_STACK\1/g" in page
    text = re.sub(r'weir([-/"])', r"shop\1", (REPOSITORY / "docs" / f"{name}.json").read_text())
    assert set(re.findall(r"weir.{0,6}", text)) <= {"weir:stack"}


def test_the_page_names_every_policy() -> None:
    page = (REPOSITORY / "docs" / "aws.md").read_text()
    assert {path.name for path in (REPOSITORY / "docs").glob("*.json")} == {
        f"{name}.json" for name in DEPLOY + DASHBOARD
    }
    assert not [name for name in DEPLOY + DASHBOARD if f"docs/{name}.json" not in page]
