"""The one factory of AWS clients, and the one place where their errors become ours."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
)
from botocore.exceptions import (
    ConnectionError as SdkConnectionError,
)

from pipeline.errors import (
    AccessRefusedError,
    CloudDownError,
    CloudError,
    NotDeployedError,
    NotFoundError,
    ThrottledError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_MISSING = {"ResourceNotFoundException", "NoSuchKey", "NoSuchBucket", "404", "EntityNotFoundException"}
_REFUSED = {
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
}
_THROTTLED = {
    "KMSThrottlingException",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
_DOWN_STATUS = 500


@cache
def client(service: str, *, attempts: int = 4, silent_s: float = 60) -> Any:  # noqa: ANN401 - boto3 makes its clients at run time
    """The client of `service`, one per process and how it tries (clients are thread-safe).

    `attempts=1` leaves every retry to the caller, which is what a sender that counts outcomes wants. Its calls are made
    by our own code, record for record, and are not checked by botocore: that takes a quarter of its time.
    """
    with aws_errors(service):
        return boto3.session.Session().client(service, config=config(attempts=attempts, silent_s=silent_s))


def config(*, attempts: int, silent_s: float) -> Config:
    """How a client tries.

    An attempt fails when the service is silent for `silent_s` seconds; somebody who waits for a page wants that short.
    """
    return Config(
        connect_timeout=3,
        read_timeout=silent_s,
        max_pool_connections=16,
        retries={"mode": "standard", "total_max_attempts": attempts},
        parameter_validation=attempts > 1,
        # A bucket's own host name does not resolve on a loopback endpoint.
        s3={"addressing_style": "path" if "AWS_ENDPOINT_URL" in os.environ else "auto"},
        user_agent_extra="weir",
    )


def error_code(error: ClientError) -> str:
    """The service's own code for what went wrong, such as `ThrottlingException`."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def aws_errors(resource: str) -> Iterator[None]:
    """Turn what boto3 raises inside the block into an error of ours that names `resource`."""
    try:
        yield
    except ClientError as error:
        raise _of_client_error(error, resource) from error
    except (NoCredentialsError, PartialCredentialsError, NoRegionError) as error:
        message = f"{resource}: {error} Set AWS_PROFILE and AWS_REGION, or leave --aws out for the local cloud."
        raise AccessRefusedError(message) from error
    except (SdkConnectionError, HTTPClientError) as error:
        message = f"{resource} cannot be reached ({error}). Is the cloud running? `make demo` starts the local one."
        raise CloudDownError(message) from error
    except BotoCoreError as error:
        message = f"{resource}: {error}"
        raise CloudError(message) from error


def _of_client_error(error: ClientError, resource: str) -> CloudError:
    code = error_code(error)
    text = str(error.response.get("Error", {}).get("Message") or error)
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _MISSING:
        return NotFoundError(f"{resource} was not found ({code}: {text}).")
    if code == "ValidationError" and "does not exist" in text:
        return NotDeployedError(f"{resource} is not deployed: run `python -m pipeline deploy`.")
    if code in _REFUSED:
        return AccessRefusedError(
            f"{resource}: access refused ({code}: {text}). Check the credentials and their policy."
        )
    if code in _THROTTLED:
        return ThrottledError(f"{resource} is throttled ({code}: {text}). Try again in a moment.")
    if status >= _DOWN_STATUS:
        return CloudDownError(f"{resource} failed to answer ({code}: {text}). Try again; see its logs if it goes on.")
    return CloudError(f"{resource}: {code}: {text}")
