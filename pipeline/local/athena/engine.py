"""One DuckDB in memory that runs the queries: it reads the lake's files in place, and nothing else of the machine."""

from __future__ import annotations

from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

from pipeline.local.athena import functions, types
from pipeline.local.athena.types import quoted

if TYPE_CHECKING:
    from pathlib import Path

    from duckdb import DuckDBPyConnection


class Engine:
    """DuckDB with two threads, a little memory, no extensions but its own and no files but those under `readable`.

    `spill` is the folder for what does not fit in memory.
    """

    def __init__(self, readable: Path, spill: Path) -> None:
        self.readable, self.spill = readable, spill
        self._making = Lock()

    @cached_property
    def _database(self) -> DuckDBPyConnection:
        import duckdb

        self.readable.mkdir(parents=True, exist_ok=True)
        self.spill.mkdir(parents=True, exist_ok=True)
        database = duckdb.connect(
            ":memory:",
            config={
                "threads": 2,
                "memory_limit": "1GB",
                "temp_directory": str(self.spill),
                "max_temp_directory_size": "4GB",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "python_enable_replacements": "false",
                "preserve_insertion_order": "true",
            },
        )
        database.execute("set timezone = 'UTC'")
        # DuckDB 2.0.0: the first loses track of file_index, of which partition keys are made, and ends with an internal
        # error; the second lets a text that is no number fail in the CSV reader, where TRY_CAST should make it NULL.
        database.execute("set disabled_optimizers = 'late_materialization,type_pushdown'")
        database.execute("set parquet_metadata_cache = true")
        for macro in (*types.MACROS, *functions.MACROS):
            database.execute(macro)
        database.execute(f"set allowed_directories = [{quoted(str(self.readable.resolve()) + '/')}]")
        database.execute("set enable_external_access = false")
        database.execute("set lock_configuration = true")
        return database

    def cursor(self) -> DuckDBPyConnection:
        """A connection of one's own to the same database; `interrupt()` breaks off what it runs."""
        with self._making:
            database = self._database
        return database.cursor()

    def close(self) -> None:
        """Give the memory back; the next cursor begins with a new database."""
        with self._making:
            database: DuckDBPyConnection | None = self.__dict__.pop("_database", None)
        if database is not None:
            database.close()
