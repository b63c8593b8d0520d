"""Which cloud this process talks to. Called first by the CLI and by `dashboard.py`, before any client is made.

Local is the default, whatever AWS credentials lie around: the environment is pointed at the local cloud's
loopback endpoint with dummy credentials. The real AWS is used only when asked for (`--aws`, or `WEIR_CLOUD=aws`).
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pipeline.errors import BadInputError, LocalCloudError

REPOSITORY = Path(__file__).resolve().parent.parent
LOCAL_REGION = "us-east-1"
LOCAL_ACCESS_KEY = "local"
START_LOCAL = "start it with `make demo`"

_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
# What a shell may carry that would send the SDK elsewhere or as somebody else.
_SDK_VARIABLES = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_CA_BUNDLE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
)
_PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


@dataclass(frozen=True)
class Settings:
    """The cloud (`local` or `aws`), the CloudFormation stack's name, the state folder, the region."""

    cloud: Literal["local", "aws"]
    stack: str
    state: Path
    region: str

    @property
    def local(self) -> bool:
        """Whether the local cloud is meant."""
        return self.cloud == "local"


def state_folder() -> Path:
    """Where the local cloud keeps its state: `WEIR_STATE`, or `.local` in the project's folder."""
    return Path(os.environ.get("WEIR_STATE") or REPOSITORY / ".local").absolute()


def running_cloud(state: Path | None = None) -> dict[str, Any]:
    """The record that the running local cloud wrote: endpoint, ports and pids.

    Raises LocalCloudError when there is none.
    """
    path = (state or state_folder()) / "cloud.json"
    try:
        record: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        message = f"The local cloud is not running ({path} is missing): {START_LOCAL}."
        raise LocalCloudError(message) from None
    except (OSError, ValueError) as error:
        message = f"The local cloud's record {path} cannot be read ({error}): run `make clean`, then {START_LOCAL}."
        raise LocalCloudError(message) from error
    return record


def local_environment(endpoint: str) -> dict[str, str]:
    """The SDK's variables that lead to the local cloud at `endpoint`; raises unless that is loopback."""
    require_loopback(endpoint)
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": LOCAL_ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": LOCAL_ACCESS_KEY,
        "AWS_REGION": LOCAL_REGION,
        "AWS_DEFAULT_REGION": LOCAL_REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "WEIR_STACK": os.environ.get("WEIR_STACK") or "weir",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
    }


def foreign_variables() -> list[str]:
    """The variables at hand that would lead the SDK away from the local cloud."""
    endpoints = [name for name in os.environ if name.startswith("AWS_ENDPOINT_URL_")]
    return [name for name in (*_SDK_VARIABLES, *_PROXY_VARIABLES, *endpoints) if name in os.environ]


def settle(*, aws: bool | None = None) -> Settings:
    """Point this process at its cloud and return the settings.

    `aws` overrides `WEIR_CLOUD`. Raises LocalCloudError when the local cloud is not running or its endpoint is
    not loopback, BadInputError for an unknown `WEIR_CLOUD`.
    """
    wanted = os.environ.get("WEIR_CLOUD") or "local"
    if wanted not in {"local", "aws"}:
        message = f"WEIR_CLOUD is {wanted!r}: set it to 'local' or 'aws', or unset it."
        raise BadInputError(message)
    if aws is None:
        aws = wanted == "aws"
    if aws:
        return _settle_aws()
    return settle_local(str(running_cloud()["endpoint"]))


def settle_local(endpoint: str) -> Settings:
    """Point this process at the local cloud at `endpoint`."""
    variables = local_environment(endpoint)
    for name in foreign_variables():
        del os.environ[name]
    os.environ.update(variables)
    return Settings("local", variables["WEIR_STACK"], state_folder(), LOCAL_REGION)


def require_loopback(endpoint: str) -> None:
    """Raise LocalCloudError unless `endpoint` is a URL on this machine's loopback."""
    if urlsplit(endpoint).hostname not in _LOOPBACK:
        message = (
            f"The local cloud's endpoint is {endpoint}, which is not this machine's loopback: refused. "
            "Use --aws (or WEIR_CLOUD=aws) for the real AWS."
        )
        raise LocalCloudError(message)


def _settle_aws() -> Settings:
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or ""
    if region:
        # boto3 reads AWS_DEFAULT_REGION only; other SDKs read AWS_REGION.
        os.environ["AWS_DEFAULT_REGION"] = os.environ["AWS_REGION"] = region
    os.environ["WEIR_CLOUD"] = "aws"
    return Settings("aws", os.environ.get("WEIR_STACK") or "weir", state_folder(), region)
