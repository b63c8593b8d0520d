"""A connection to the warehouse: Redshift, or the PostgreSQL that stands in for it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import redshift_connector
from redshift_connector import error as driver

from pipeline.clients import aws_errors, client
from pipeline.errors import AccessRefusedError, CloudDownError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipeline.stack import Outputs

# The driver holds every later answer to the same limit. A Redshift that sleeps takes its time to wake.
_ANSWER_LIMIT_S = {"true": 60, "false": 15}
# PostgreSQL's and Redshift's classes for a refused login.
_LOGIN_REFUSED = {"28000", "28P01"}


def open_connection(outputs: Outputs) -> Any:  # noqa: ANN401 - the driver ships no types
    """A new autocommitting connection with the credentials of the stack's secret.

    Raises AccessRefusedError for refused credentials, CloudDownError when the warehouse does not answer.
    """
    with aws_errors(f"Secret {outputs.warehouse_secret}"):
        text = client("secretsmanager").get_secret_value(SecretId=outputs.warehouse_secret)["SecretString"]
    secret = json.loads(text)
    address = f"{outputs.warehouse_host}:{outputs.warehouse_port}"
    try:
        connection = redshift_connector.connect(
            host=outputs.warehouse_host,
            port=int(outputs.warehouse_port),
            database=outputs.warehouse_database,
            user=secret["username"],
            password=secret["password"],
            ssl=outputs.warehouse_ssl == "true",
            timeout=_ANSWER_LIMIT_S[outputs.warehouse_ssl],
        )
    # The driver lets a broken socket through as it is.
    except (driver.Error, OSError) as error:
        if login_refused(error):
            message = (
                f"The warehouse at {address} refused the credentials of secret {outputs.warehouse_secret}. Put the "
                "warehouse's own user name and password into it, and try again."
            )
            raise AccessRefusedError(message) from error
        message = (
            f"The warehouse at {address} cannot be reached ({_said(error)}). Locally, is the local cloud running? On "
            "AWS, does the stack's parameter WarehouseCidr admit your address?"
        )
        raise CloudDownError(message) from error
    connection.autocommit = True
    return connection


def login_refused(error: Exception) -> bool:
    """Whether the driver was turned away for its user or password."""
    return sqlstate(error) in _LOGIN_REFUSED


def sqlstate(error: Exception) -> str:
    """The engine's five letters for what happened; none when it was not the engine that said so."""
    answer = error.args[0] if error.args else None
    return str(answer.get("C", "")) if isinstance(answer, dict) else ""


def _said(error: Exception) -> str:
    """What happened, without the driver's advice about its own settings."""
    return str(error).partition(". We noticed")[0]


@contextmanager
def connect(outputs: Outputs) -> Iterator[Any]:
    """`open_connection`, closed at the end of the block."""
    connection = open_connection(outputs)
    try:
        yield connection
    finally:
        connection.close()
