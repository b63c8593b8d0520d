"""`destroy`: delete the stack and everything in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline import artifacts
from pipeline.cli.asked import asked
from pipeline.removal import destroy
from pipeline.settings import settle

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which cloud."""
    parser.add_argument("--aws", action="store_true", help="the real AWS (also WEIR_CLOUD=aws)")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(args: argparse.Namespace) -> int:
    """Ask for the stack's name, delete it, and list what is left; 0 when that is nothing."""
    settings = settle(aws=args.aws or None)
    where = f"in account {artifacts.account()}, {artifacts.region()}" if not settings.local else "on the local cloud"
    if not args.yes:
        print(f"This deletes stack {settings.stack} {where}, and every event in its lake, invoices and warehouse.")
        if asked(f"Type its name to go on ({settings.stack}): ") != settings.stack:
            print("Nothing was deleted.")
            return 1
    remaining = destroy(settings.stack)
    for arn in remaining:
        print(f"left: {arn}")
    print(f"Stack {settings.stack} is deleted; {len(remaining) or 'nothing'} is left by its tag.")
    return 1 if remaining else 0
