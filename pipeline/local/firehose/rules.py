"""What CreateDeliveryStream and UpdateDestination refuse.

From the API reference (`CreateDeliveryStream`, `BufferingHints`, `RedshiftDestinationConfiguration` and so on) and the
developer guide ("Understand custom prefixes", "Convert input data format"). What AWS does and the local cloud does
not is refused too, rather than passed over in silence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.local.firehose.destination import Config, truth, whole
from pipeline.local.firehose.prefixes import EXPRESSION

if TYPE_CHECKING:
    from collections.abc import Iterable

_WHOLE = {"SizeInMBs", "IntervalInSeconds", "DurationInSeconds", "PageSizeBytes", "BlockSizeBytes", "MaxPaddingBytes"}
_TRUTH = {"Enabled", "CaseInsensitive", "ConvertDotsInJsonKeysToUnderscores", "EnableDictionaryCompression"}
_LEAST_CONVERSION_MIB = 64
_MOST_MIB, _MOST_INTERVAL_S, _MOST_RETRY_S = 128, 900, 7200
_JDBC = re.compile(
    r"jdbc:(redshift|postgresql)://((?!-)[A-Za-z0-9-]{1,63}(?<!-)\.)+redshift(-serverless)?\.[a-zA-Z0-9.\-]+:\d{1,5}"
    r"/[a-zA-Z0-9_$-]+"
)


class RefusedError(ValueError):
    """A configuration is refused; `code` is the AWS error."""

    def __init__(self, message: str, code: str = "InvalidArgumentException") -> None:
        super().__init__(message)
        self.code = code


def typed(value: Any, key: str = "") -> Any:
    """A configuration with its numbers and booleans as such: CloudFormation's parameters are text."""
    if isinstance(value, Mapping):
        return {name: typed(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    if key in _WHOLE and isinstance(value, str) and value.isdigit():
        return int(value)
    if key in _TRUTH and isinstance(value, str):
        return value.lower() == "true"
    return value


def check(kind: str | None, config: Config) -> None:
    """Raise RefusedError unless `config`, a destination of type `kind`, can be used."""
    if kind is None:
        raise RefusedError("Exactly one destination configuration is supported for a Firehose.")
    if kind not in {"ExtendedS3", "S3", "Redshift"}:
        raise _not_here(f"a {kind} destination")
    if config.get("S3BackupMode", "Disabled") == "Enabled":
        raise _not_here("S3BackupMode")
    if truth((config.get("DynamicPartitioningConfiguration") or {}).get("Enabled"), default=False):
        raise _not_here("dynamic partitioning")
    conversion = config.get("DataFormatConversionConfiguration")
    converts = bool(conversion) and truth((conversion or {}).get("Enabled"), default=True)
    _check_processing(config.get("ProcessingConfiguration") or {})
    if kind == "Redshift":
        _check_redshift(config)
    else:
        _check_s3(config, converts=converts)
        _check_prefixes(config)
    if converts:
        _check_conversion(conversion or {})


def _not_here(what: str) -> RefusedError:
    return RefusedError(f"The local cloud's Firehose does not do {what}.")


def _check_range(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        bound = f"greater than or equal to {least}" if value < least else f"less than or equal to {most}"
        raise RefusedError(
            f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: Member must have "
            f"value {bound}",
            "ValidationException",
        )


def _check_s3(config: Config, *, converts: bool) -> None:
    if not config.get("BucketARN"):
        raise RefusedError("BucketARN is required.")
    hints = config.get("BufferingHints") or {}
    if ("SizeInMBs" in hints) != ("IntervalInSeconds" in hints):
        raise RefusedError("BufferingHints: SizeInMBs and IntervalInSeconds must be given together.")
    size = whole(hints.get("SizeInMBs"), _MOST_MIB)
    _check_range("bufferingHints.sizeInMBs", size, 1, _MOST_MIB)
    _check_range("bufferingHints.intervalInSeconds", whole(hints.get("IntervalInSeconds"), 300), 0, _MOST_INTERVAL_S)
    compression = config.get("CompressionFormat") or "UNCOMPRESSED"
    if compression in {"Snappy", "HADOOP_SNAPPY"}:
        raise _not_here(f"CompressionFormat {compression}")
    if compression not in {"UNCOMPRESSED", "GZIP", "ZIP"}:
        raise RefusedError(f"CompressionFormat {compression} is not known.", "ValidationException")
    if converts and size < _LEAST_CONVERSION_MIB:
        raise RefusedError(
            f"BufferingHints: SizeInMBs must be at least {_LEAST_CONVERSION_MIB} when record format conversion is "
            f"enabled, and is {size}."
        )
    if converts and compression != "UNCOMPRESSED":
        raise RefusedError("CompressionFormat must be UNCOMPRESSED when record format conversion is enabled.")


def _expressions(template: str) -> set[str]:
    return {f"{namespace}:{value}" for namespace, value in EXPRESSION.findall(template)}


def _check_prefixes(config: Config) -> None:
    prefix, error_prefix = str(config.get("Prefix") or ""), str(config.get("ErrorOutputPrefix") or "")
    for name, template in (("Prefix", prefix), ("ErrorOutputPrefix", error_prefix)):
        _check_expressions(name, _expressions(template))
        if template.count("!{") != len(EXPRESSION.findall(template)):
            raise RefusedError(f"{name}: the sequence !{{ may only start an expression !{{namespace:value}}.")
    if "firehose:error-output-type" in _expressions(prefix):
        raise RefusedError("Prefix cannot contain !{firehose:error-output-type}.")
    if _expressions(prefix) and not error_prefix:
        raise RefusedError("ErrorOutputPrefix cannot be null when Prefix contains expressions.")
    if _expressions(error_prefix) and "firehose:error-output-type" not in _expressions(error_prefix):
        raise RefusedError("ErrorOutputPrefix with expressions must contain !{firehose:error-output-type}.")


def _check_expressions(name: str, found: Iterable[str]) -> None:
    for expression in found:
        namespace, _, value = expression.partition(":")
        if namespace == "timestamp" or expression in {"firehose:random-string", "firehose:error-output-type"}:
            continue
        if namespace.startswith("partitionKey"):
            raise _not_here("dynamic partitioning")
        raise RefusedError(f"{name}: !{{{namespace}:{value}}} is not a known expression.")


def _check_processing(config: Config) -> None:
    if not truth(config.get("Enabled"), default=False):
        return
    for processor in config.get("Processors") or []:
        if processor.get("Type") not in {"Lambda", "AppendDelimiterToRecord"}:
            raise _not_here(f"the processor {processor.get('Type')}")
        given = {item["ParameterName"]: item["ParameterValue"] for item in processor.get("Parameters") or []}
        if processor["Type"] == "Lambda" and not given.get("LambdaArn"):
            raise RefusedError("ProcessingConfiguration: the Lambda processor has no LambdaArn.")
        size = float(given.get("BufferSizeInMBs") or 1)
        if not 0.2 <= size <= 3:  # noqa: PLR2004 - the guide's bounds
            raise RefusedError(f"ProcessingConfiguration: BufferSizeInMBs must be between 0.2 and 3, and is {size}.")


def _check_conversion(config: Config) -> None:
    for part in ("SchemaConfiguration", "InputFormatConfiguration", "OutputFormatConfiguration"):
        if not config.get(part):
            raise RefusedError(f"DataFormatConversionConfiguration: {part} is required.")
    if "OpenXJsonSerDe" not in (config["InputFormatConfiguration"].get("Deserializer") or {}):
        raise _not_here("deserializers other than OpenXJsonSerDe")
    if "ParquetSerDe" not in (config["OutputFormatConfiguration"].get("Serializer") or {}):
        raise _not_here("serializers other than ParquetSerDe")
    for name in ("DatabaseName", "TableName", "RoleARN"):
        if not config["SchemaConfiguration"].get(name):
            raise RefusedError(f"SchemaConfiguration: {name} is required.")


def _check_redshift(config: Config) -> None:
    staging = config.get("S3Configuration") or {}
    _check_s3(staging, converts=False)
    if staging.get("CompressionFormat") == "ZIP":
        raise RefusedError("CompressionFormat ZIP cannot be used with Redshift: its COPY does not read it.")
    if _expressions(str(staging.get("Prefix") or "")):
        raise RefusedError("S3Configuration: Prefix must not contain expressions when the destination is Redshift.")
    if staging.get("ErrorOutputPrefix"):
        raise RefusedError("S3Configuration: ErrorOutputPrefix must be null when the destination is Redshift.")
    if not _JDBC.fullmatch(str(config.get("ClusterJDBCURL") or "")):
        raise RefusedError(
            f"1 validation error detected: Value '{config.get('ClusterJDBCURL')}' at 'clusterJDBCURL' failed to "
            f"satisfy constraint: Member must satisfy regular expression pattern: {_JDBC.pattern}",
            "ValidationException",
        )
    if not (config.get("CopyCommand") or {}).get("DataTableName"):
        raise RefusedError("CopyCommand: DataTableName is required.")
    secret = config.get("SecretsManagerConfiguration") or {}
    if truth(secret.get("Enabled"), default=False):
        if not secret.get("SecretARN"):
            raise RefusedError("SecretsManagerConfiguration: SecretARN is required when it is enabled.")
    elif not (config.get("Username") and config.get("Password")):
        raise RefusedError("Redshift needs Username and Password, or SecretsManagerConfiguration.")
    retry = whole((config.get("RetryOptions") or {}).get("DurationInSeconds"), 3600)
    _check_range("retryOptions.durationInSeconds", retry, 0, _MOST_RETRY_S)
