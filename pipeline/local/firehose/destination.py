"""A delivery stream's configuration, read from MiniStack's record of it as often as it is needed.

CloudFormation hands numbers and booleans over as text, and an update puts its values in as they are, so every value
is read with its type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.local.firehose.buffers import MIB, Hints

Config = Mapping[str, Any]
_EXTENSIONS = {"GZIP": ".gz", "ZIP": ".zip"}


@dataclass(frozen=True, slots=True)
class LogStream:
    """Where delivery errors are written."""

    group: str
    stream: str


@dataclass(frozen=True, slots=True)
class S3:
    """The bucket side of a destination."""

    bucket: str
    prefix: str
    error_prefix: str
    compression: str
    extension: str
    zone: str
    logs: LogStream | None


@dataclass(frozen=True, slots=True)
class Processing:
    """The function that transforms batches, and what is appended to each record after it."""

    function: str
    retries: int
    batch_bytes: int
    delimiter: bytes


@dataclass(frozen=True, slots=True)
class Conversion:
    """JSON to Parquet: the Glue table that types it, the deserializer's and the serializer's options."""

    database: str
    table: str
    catalog: str
    region: str
    version: str
    case_insensitive: bool
    dots_to_underscores: bool
    keys: Mapping[str, str]
    compression: str
    dictionary: bool
    page_bytes: int
    writer: str


@dataclass(frozen=True, slots=True)
class Redshift:
    """The warehouse side of a Redshift destination."""

    url: str
    table: str
    columns: str
    options: str
    user: str
    password: str = field(repr=False)
    secret: str
    retry_s: int


@dataclass(frozen=True, slots=True)
class Destination:
    """Everything that a delivery needs to know."""

    stream: str
    arn: str
    version: int
    source: str
    hints: Hints
    s3: S3
    logs: LogStream | None
    processing: Processing | None = None
    conversion: Conversion | None = None
    redshift: Redshift | None = None

    @property
    def name(self) -> str:
        """What the error log calls the destination."""
        return self.redshift.url if self.redshift else f"arn:aws:s3:::{self.s3.bucket}"


def whole(value: Any, default: int) -> int:
    """An integer, `default` when absent."""
    return default if value in (None, "") else int(value)


def truth(value: Any, *, default: bool) -> bool:
    """A boolean, `default` when absent."""
    return default if value is None else str(value).lower() == "true"


def read(stream: Config) -> Destination:
    """The destination of MiniStack's record of a delivery stream."""
    kept = stream["destinations"][0]
    config: Config = kept["config"]
    redshift = kept["type"] == "Redshift"
    staging: Config = config["S3Configuration"] if redshift else config
    conversion = None if redshift else _conversion(config.get("DataFormatConversionConfiguration"))
    return Destination(
        stream=stream["name"],
        arn=stream["arn"],
        version=int(stream["version"]),
        source=(stream.get("kinesis_source") or {}).get("KinesisStreamARN", ""),
        hints=_hints(staging.get("BufferingHints") or {}, 128 if conversion else 5),
        s3=_s3(staging, converted=conversion is not None),
        logs=_logs(config),
        processing=_processing(config.get("ProcessingConfiguration") or {}),
        conversion=conversion,
        redshift=_redshift(config) if redshift else None,
    )


def _hints(config: Config, default_mib: int) -> Hints:
    return Hints(whole(config.get("SizeInMBs"), default_mib) * MIB, whole(config.get("IntervalInSeconds"), 300))


def _logs(config: Config) -> LogStream | None:
    options = config.get("CloudWatchLoggingOptions") or {}
    if not truth(options.get("Enabled"), default=False):
        return None
    return LogStream(str(options.get("LogGroupName", "")), str(options.get("LogStreamName", "")))


def _s3(config: Config, *, converted: bool) -> S3:
    compression = str(config.get("CompressionFormat") or "UNCOMPRESSED")
    default = ".parquet" if converted else _EXTENSIONS.get(compression, "")
    return S3(
        bucket=str(config["BucketARN"]).rpartition(":")[2],
        prefix=str(config.get("Prefix") or ""),
        error_prefix=str(config.get("ErrorOutputPrefix") or ""),
        compression=compression,
        extension=str(config.get("FileExtension") or default),
        zone=str(config.get("CustomTimeZone") or ""),
        logs=_logs(config),
    )


def _processing(config: Config) -> Processing | None:
    if not truth(config.get("Enabled"), default=False):
        return None
    function, delimiter, parameters = "", b"", {}
    for processor in config.get("Processors") or []:
        given = {item["ParameterName"]: item["ParameterValue"] for item in processor.get("Parameters") or []}
        if processor["Type"] == "Lambda":
            function, parameters = str(given.get("LambdaArn", "")), given
        elif processor["Type"] == "AppendDelimiterToRecord":
            # The parameter's value is written with escapes, as in "\\n".
            delimiter = str(given.get("Delimiter", "\\n")).encode().decode("unicode_escape").encode()
    return Processing(
        function=function,
        retries=whole(parameters.get("NumberOfRetries"), 3),
        batch_bytes=int(float(parameters.get("BufferSizeInMBs") or 1) * MIB),
        delimiter=delimiter,
    )


def _conversion(config: Config | None) -> Conversion | None:
    if not config or not truth(config.get("Enabled"), default=True):
        return None
    schema: Config = config["SchemaConfiguration"]
    openx: Config = config["InputFormatConfiguration"]["Deserializer"].get("OpenXJsonSerDe") or {}
    parquet: Config = config["OutputFormatConfiguration"]["Serializer"].get("ParquetSerDe") or {}
    return Conversion(
        database=str(schema.get("DatabaseName", "")),
        table=str(schema.get("TableName", "")),
        catalog=str(schema.get("CatalogId") or ""),
        region=str(schema.get("Region") or ""),
        version=str(schema.get("VersionId") or "LATEST"),
        case_insensitive=truth(openx.get("CaseInsensitive"), default=True),
        dots_to_underscores=truth(openx.get("ConvertDotsInJsonKeysToUnderscores"), default=False),
        keys=dict(openx.get("ColumnToJsonKeyMappings") or {}),
        compression=str(parquet.get("Compression") or "SNAPPY"),
        dictionary=truth(parquet.get("EnableDictionaryCompression"), default=False),
        page_bytes=whole(parquet.get("PageSizeBytes"), MIB),
        writer=str(parquet.get("WriterVersion") or "V1"),
    )


def _redshift(config: Config) -> Redshift:
    command: Config = config["CopyCommand"]
    secret = config.get("SecretsManagerConfiguration") or {}
    uses_secret = truth(secret.get("Enabled"), default=False)
    return Redshift(
        url=str(config["ClusterJDBCURL"]),
        table=str(command["DataTableName"]),
        columns=str(command.get("DataTableColumns") or ""),
        options=str(command.get("CopyOptions") or ""),
        user=str(config.get("Username") or ""),
        password=str(config.get("Password") or ""),
        secret=str(secret.get("SecretARN") or "") if uses_secret else "",
        retry_s=whole((config.get("RetryOptions") or {}).get("DurationInSeconds"), 3600),
    )
