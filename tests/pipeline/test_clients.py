from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, ReadTimeoutError

from pipeline import errors
from pipeline.clients import aws_errors, client


def _client_error(code: str, message: str = "said so", status: int = 400) -> ClientError:
    response = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "Operation")


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (_client_error("ResourceNotFoundException"), errors.NotFoundError),
        (_client_error("NoSuchKey", status=404), errors.NotFoundError),
        (_client_error("ValidationError", "Stack with id weir does not exist"), errors.NotDeployedError),
        (_client_error("AccessDeniedException", status=403), errors.AccessRefusedError),
        (_client_error("ExpiredTokenException", status=403), errors.AccessRefusedError),
        (_client_error("ProvisionedThroughputExceededException"), errors.ThrottledError),
        (_client_error("InternalFailure", status=500), errors.CloudDownError),
        (_client_error("ValidationException"), errors.CloudError),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), errors.CloudDownError),
        (ReadTimeoutError(endpoint_url="http://127.0.0.1:1"), errors.CloudDownError),
        (NoCredentialsError(), errors.AccessRefusedError),
    ],
)
def test_what_the_sdk_raises_becomes_an_error_of_ours_that_names_the_resource(
    raised: Exception, expected: type[errors.WeirError]
) -> None:
    with pytest.raises(expected, match="stream weir-orders") as caught, aws_errors("stream weir-orders"):
        raise raised
    assert caught.value.__cause__ is raised
    assert type(caught.value) is expected


def test_a_bug_stays_a_bug() -> None:
    with pytest.raises(KeyError), aws_errors("anything"):
        raise KeyError


@pytest.mark.usefixtures("silent_cloud")
def test_a_service_that_is_silent_is_given_up() -> None:
    table = client("dynamodb", attempts=2, silent_s=0.2)
    with (
        pytest.raises(errors.CloudDownError, match="Table invoices cannot be reached"),
        aws_errors("Table invoices"),
    ):
        table.get_item(TableName="invoices", Key={"invoice_no": {"S": "536365"}})
