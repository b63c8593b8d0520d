"""Developer guide: "Understand data delivery in Amazon Data Firehose"."""

from __future__ import annotations

import gzip
import json
import time
from typing import Any


def test_the_interval_triggers_a_delivery(firehose: Any) -> None:
    config = firehose.s3(BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 1})
    began = time.monotonic()
    from pipeline.local.firehose.buffers import Chunk

    firehose.registry.ingest(firehose.stream(config), Chunk.of([b"a"], time.time()))
    firehose.cloud.until(lambda: firehose.cloud.objects)
    assert 0.8 < time.monotonic() - began < 3


def test_the_size_triggers_a_delivery(firehose: Any) -> None:
    from pipeline.local.firehose.buffers import Chunk

    config = firehose.s3(BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 900})
    stream = firehose.stream(config)
    half = b"x" * (1 << 19)
    firehose.registry.ingest(stream, Chunk.of([half], time.time()))
    time.sleep(0.2)
    assert not firehose.cloud.objects
    firehose.registry.ingest(stream, Chunk.of([half], time.time()))
    firehose.cloud.until(lambda: firehose.cloud.objects)


def test_numbers_that_cloudformation_hands_over_as_text_are_numbers(firehose: Any) -> None:
    config = firehose.s3(BufferingHints={"SizeInMBs": "1", "IntervalInSeconds": "0"})
    firehose.take(firehose.stream(config), b"a")
    firehose.cloud.until(lambda: firehose.cloud.objects)


def test_redshift_stages_to_s3_and_then_copies(firehose: Any) -> None:
    firehose.deliver(firehose.stream(firehose.redshift(), "Redshift"), b'{"a":1}\n', b'{"a":2}\n')
    (key,) = firehose.cloud.under("raw/2018/08/27/10/")
    assert key.endswith(".gz")
    assert gzip.decompress(firehose.cloud.objects[key]) == b'{"a":1}\n{"a":2}\n'
    assert firehose.cloud.copies == [("orders_landing", "weir", [("lake", key)])]


def test_each_copy_has_a_manifest(firehose: Any) -> None:
    firehose.deliver(firehose.stream(firehose.redshift(), "Redshift"), b"{}\n")
    (key,) = firehose.cloud.under("raw/2018/")
    manifest = json.loads(firehose.cloud.one("raw/manifests/"))
    assert manifest == {"entries": [{"url": f"s3://lake/{key}", "mandatory": True}]}


def test_staged_objects_are_kept(firehose: Any) -> None:
    firehose.deliver(firehose.stream(firehose.redshift(), "Redshift"), b"{}\n")
    assert firehose.cloud.under("raw/2018/")


def test_a_copy_takes_what_has_gathered_while_the_last_one_ran(firehose: Any) -> None:
    from pipeline.local.firehose.redshift import CopyError

    firehose.cloud.copy_errors = [CopyError("Redshift.ConnectionFailed", "down")]
    stream = firehose.stream(firehose.redshift(), "Redshift")
    for number in range(3):
        firehose.take(stream, b"%d\n" % number)
        firehose.cloud.until(lambda number=number: len(firehose.cloud.under("raw/2018/")) > number)
    firehose.cloud.until(lambda: sum(len(objects) for *_, objects in firehose.cloud.copies) == 3)
    assert len(firehose.cloud.copies) < 3  # one for each object would be three


def test_credentials_can_come_from_a_secret(firehose: Any) -> None:
    secret = {"Enabled": True, "SecretARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:weir"}
    config = {**firehose.redshift(), "Username": "", "Password": "", "SecretsManagerConfiguration": secret}
    firehose.cloud.secrets[secret["SecretARN"]] = {"username": "from-secret", "password": "right"}
    firehose.deliver(firehose.stream(config, "Redshift"), b"{}\n")
    assert [user for _, user, _ in firehose.cloud.copies] == ["from-secret"]


def test_an_update_takes_effect_at_the_next_delivery(firehose: Any) -> None:
    stream = firehose.stream(firehose.s3(Prefix="old/"))
    firehose.take(stream, b"a")
    firehose.cloud.until(lambda: firehose.cloud.under("old/"))
    stream["destinations"][0]["config"] = firehose.s3(Prefix="new/")
    firehose.deliver(stream, b"b")
    assert firehose.cloud.one("new/") == b"b"
