"""The local cloud's process: MiniStack and what we put in its place, on one loopback port.

Run as `python -m pipeline.local.server STATE PORT`. It prints nothing: its words go to its log, its readiness to
`STATE/cloud.json`. SIGTERM stops it cleanly, which keeps everything; after a kill its stores start afresh.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from importlib import import_module
from pathlib import Path

from pipeline.local.host import Host
from pipeline.local.pids import remember
from pipeline.local.warehouse import Warehouse
from pipeline.settings import LOCAL_REGION, foreign_variables

# What the template uses; each service that is not named stays unloaded.
_SERVICES = (
    "apigateway,athena,cloudformation,cloudwatch,dynamodb,firehose,glue,iam,kinesis,kms,lambda,logs,monitoring,s3,"
    "scheduler,secretsmanager,sts,tagging,events"
)
# In the order in which they start, and the reverse in which they stop: mappings end first, then deliveries, and the
# scheduler's last merge takes in what they delivered.
_MODULES = (
    "pipeline.local.dynamodb",
    "pipeline.local.kinesis",
    "pipeline.local.scheduler",
    "pipeline.local.firehose",
    "pipeline.local.athena",
    "pipeline.local.api_gateway",
    "pipeline.local.api_integrations",
    "pipeline.local.tagging",
    "pipeline.local.event_source",
)
RECORD = "cloud.json"
# There while the stores hold what only memory knows.
UNSAVED = "unsaved"

logger = logging.getLogger("weir.local")


def _settle_ministack(state: Path, port: int) -> None:
    """MiniStack's settings, which it reads from the environment as it is imported."""
    for name in foreign_variables():
        del os.environ[name]
    os.environ.update(
        {
            "GATEWAY_PORT": str(port),
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": LOCAL_REGION,
            "SERVICES": _SERVICES,
            "PERSIST_STATE": "1",
            "STATE_DIR": str(state / "aws"),
            "S3_PERSIST": "1",
            "S3_DATA_DIR": str(state / "s3"),
            "IOT_MTLS_ENABLED": "0",  # it would listen on all interfaces
            "SFTP_ENABLED": "0",
            "LAMBDA_EXECUTOR": "local",
            "DOCKER_HOST": f"unix://{state}/no-docker.sock",
            "LOG_LEVEL": os.environ.get("WEIR_LOG_LEVEL", "WARNING"),
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": LOCAL_REGION,
            "AWS_REGION": LOCAL_REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
    )


async def _serve(host: Host, state: Path, port: int) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app

    config = Config()
    config.bind = [f"127.0.0.1:{port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 5
    config.accesslog = None
    config.loglevel = "WARNING"

    asked_to_stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked_to_stop.set)

    async def until_stopped() -> None:
        # Called once the socket listens.
        (state / UNSAVED).touch()
        await asyncio.to_thread(host.start)
        _write_record(host, state)
        await asked_to_stop.wait()
        (state / RECORD).unlink(missing_ok=True)
        # While requests are still answered: a last delivery may need a function.
        await asyncio.to_thread(host.stop)

    await serve(app, config, shutdown_trigger=until_stopped)


def _write_record(host: Host, state: Path) -> None:
    record = {
        "endpoint": host.endpoint,
        "warehouse_host": host.warehouse.host,
        "warehouse_port": host.warehouse.port,
        "pid": os.getpid(),
    }
    scratch = state / f"{RECORD}.new"
    scratch.write_text(json.dumps(record))
    scratch.replace(state / RECORD)


def main(state: Path, port: int) -> None:
    """Serve until SIGTERM, then save everything and mark the stop as clean."""
    _settle_ministack(state, port)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    warehouse = Warehouse(state)
    warehouse.start()
    try:
        for number, pid in enumerate(warehouse.pids):
            remember(state, f"warehouse-{number}", pid)
        host = Host(state, f"http://127.0.0.1:{port}", warehouse)
        for module in _MODULES:
            import_module(module).install(host)
        asyncio.run(_serve(host, state, port))
    finally:
        warehouse.stop()
    (state / UNSAVED).unlink(missing_ok=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
