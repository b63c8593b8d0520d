"""The command line: the same verbs as the buttons.

Each verb is a module of this folder with `HELP`, `add_arguments(parser)` and `run(args) -> int`. Only what a verb
imports is loaded, so that `--help` is quick.
"""

from __future__ import annotations

import argparse
import errno
import sys
from importlib import import_module

from pipeline.errors import WeirError

# Verb to what it does, in the order in which a newcomer meets them.
VERBS = {
    "up": "start the local cloud, deploy, load sample data, serve the dashboard",
    "env": "print the exports that point any AWS client at the local cloud",
    "deploy": "create or update the stack",
    "destroy": "delete the stack and everything in it",
    "sample": "write a file of generated events",
    "replay": "send a file through the pipeline",
    "trickle": "send a few clicks a second to the local cloud, until Ctrl-C",
    "audit": "compare what a replay sent with what each sink holds",
    "trace": "tell where one event is, step by step",
    "redrive": "send again exactly what a sink misses of a replay",
    "put": "put a record to a stream",
    "tail": "show a stream's records as they come, from all shards",
    "bench": "measure Weir's own parts on this machine",
}
_INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; returns the exit code. Errors of ours are one line on standard error."""
    parser = argparse.ArgumentParser(prog="python -m pipeline", description="Steer the event pipeline.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    given = arguments if arguments is not None else sys.argv[1:]
    for verb, help_text in VERBS.items():
        child = verbs.add_parser(verb, help=help_text, description=help_text[0].upper() + help_text[1:] + ".")
        if verb in given:
            import_module(f"pipeline.cli.{verb}").add_arguments(child)
    args = parser.parse_args(given)
    try:
        return int(import_module(f"pipeline.cli.{args.verb}").run(args))
    except WeirError as error:
        print(f"weir: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        print(
            f"weir: the disk is full ({error.filename or 'while writing'}): make room and try again.", file=sys.stderr
        )
    return 1
