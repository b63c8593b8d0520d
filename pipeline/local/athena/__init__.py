"""Athena over the lake's files: sqlglot reads its SQL, DuckDB runs it, Glue says what the tables are.

A statement goes through `statements` (is it Athena's SQL?), `translate` (which tables, columns, types?; with
`typecheck`, `numbers`, `rewrites`, `pruning`), `relations` (which files?; with `projection`, `lake`, `text_files`)
and `results` (how is it written?). `service` answers the API, `execution` runs what it accepts.

What differs from AWS on purpose: only SELECT, views, SHOW, DESCRIBE and MiniStack's table statements are run;
timestamps are shown with three places whatever their precision; DataScannedInBytes counts the column chunks of the
files that are left after pruning, without row groups that their statistics rule out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.local.host import Host


def install(host: Host) -> None:
    """Put our parts in the place of MiniStack's."""
    from pathlib import Path

    from ministack.services import athena, s3

    from pipeline.local.athena.engine import Engine
    from pipeline.local.athena.execution import Runner
    from pipeline.local.athena.service import Service

    engine = Engine(Path(s3.DATA_DIR), host.state / "athena")
    runner = Runner(engine)
    service = Service(athena, runner)
    athena._start_query_execution = service.start
    athena._stop_query_execution = service.stop
    athena._get_query_results = service.results
    athena._list_query_executions = service.list
    athena._get_workgroup = service.workgroup
    host.on_start(runner.warm_up)
    host.on_stop(engine.close)
    host.on_stop(runner.close)
