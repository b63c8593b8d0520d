"""What a deployment uploads before CloudFormation can begin: the functions' code and the template."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pipeline.clients import aws_errors, client, error_code
from pipeline.errors import AccessRefusedError, BadInputError
from pipeline.packaging import digest, function_uris, package

if TYPE_CHECKING:
    from collections.abc import Mapping

TAG = "weir:stack"
# The stack's name becomes part of buckets' names, which take lower case only and end at 63 characters, and is the name
# of the Redshift workgroup, which has at least 3. [S3 user guide; Redshift Serverless API reference]
_NAME = re.compile(r"[a-z][a-z0-9-]+[a-z0-9]")
_LONGEST_BUCKET = 63
_LONGEST_BUCKET_NAME = "{stack}-dead-letter-{account}-{region}"


def account() -> str:
    """The AWS account of the credentials in use."""
    with aws_errors("The account's identity"):
        return str(client("sts").get_caller_identity()["Account"])


def region() -> str:
    """The region that the clients ask, from the environment or the profile."""
    return str(client("s3").meta.region_name)


def require_name(stack: str) -> None:
    """Raise BadInputError when resources could not carry the name of `stack`."""
    longest = _LONGEST_BUCKET_NAME.format(stack=stack, account=account(), region=region())
    room = _LONGEST_BUCKET - len(longest) + len(stack)
    if not _NAME.fullmatch(stack) or len(stack) > room:
        message = (
            f"The stack cannot be called {stack!r}: buckets and the warehouse carry its name. Set WEIR_STACK to 3 to "
            f"{room} lower-case letters, digits and dashes, a letter first and no dash last."
        )
        raise BadInputError(message)


def bucket_name(stack: str) -> str:
    """The bucket of `stack` for what is uploaded. It comes before the stack and goes after it."""
    return f"{stack}-artifacts-{account()}-{region()}"


def upload(stack: str, body: dict[str, Any]) -> str:
    """Upload the functions and the template `body`, in which their addresses are set; returns the template's URL."""
    bucket = _make_bucket(stack)
    for name, uri in function_uris(body).items():
        body["Resources"][name]["Properties"]["CodeUri"] = f"s3://{bucket}/{_put(bucket, name, package(uri), 'zip')}"
    key = _put(bucket, "template", json.dumps(body).encode(), "json")
    return f"{client('s3').meta.endpoint_url}/{bucket}/{key}"


def _put(bucket: str, name: str, content: bytes, kind: str) -> str:
    """The key of `content`, which names it: the same content is the same object."""
    key = f"{name}-{digest(content)}.{kind}"
    with aws_errors(f"s3://{bucket}/{key}"):
        client("s3").put_object(Bucket=bucket, Key=key, Body=content)
    return key


def _make_bucket(stack: str) -> str:
    """The bucket of `bucket_name`, made if need be; code never goes into a bucket of somebody else."""
    bucket = bucket_name(stack)
    s3 = client("s3")
    with aws_errors(f"Bucket {bucket}"):
        try:
            s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account())
        except ClientError as error:
            if error_code(error) == "403":
                message = (
                    f"Bucket {bucket} may not be used: it belongs to another account, or your credentials lack "
                    "s3:ListBucket on it. Choose another WEIR_STACK, or see docs/aws-deploy-policy.json."
                )
                raise AccessRefusedError(message) from error
            if error_code(error) != "404":
                raise
            s3.create_bucket(Bucket=bucket, **_placed(region()))
        # Each time, for a deployment may have ended between these calls.
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": TAG, "Value": stack}]})
        s3.put_public_access_block(
            Bucket=bucket,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
        )
    return bucket


def _placed(where: str) -> Mapping[str, Any]:
    """CreateBucket's words for a region: us-east-1 is the one that may not be named."""
    return {} if where == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": where}}
