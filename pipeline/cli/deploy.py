"""`deploy`: create or update the stack, then the warehouse's tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline import stack
from pipeline.local.parameters import local_parameters
from pipeline.settings import Settings, running_cloud, settle
from pipeline.warehouse.apply import apply
from pipeline.warehouse.connect import connect

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which cloud, and what on AWS differs from the template's defaults."""
    parser.add_argument("--aws", action="store_true", help="the real AWS (also WEIR_CLOUD=aws)")
    parser.add_argument("--yes", action="store_true", help="apply the change set without asking")
    parser.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the template, such as WarehouseCidr=203.0.113.0/24; may be repeated",
    )


def run(args: argparse.Namespace) -> int:
    """Deploy, and say what came of it."""
    settings = settle(aws=args.aws or None)
    given = dict(text.split("=", 1) for text in args.parameter)
    approve = (lambda _changes: True) if settings.local or args.yes else _ask
    changed = deploy(settings, given, approve)
    print(f"Stack {settings.stack}: {'deployed' if changed else 'nothing to change'}.")
    return 0


def deploy(
    settings: Settings,
    given: Mapping[str, str],
    approve: Callable[[Sequence[Mapping[str, Any]]], bool] = lambda _changes: True,
) -> bool:
    """The stack and the warehouse's tables; returns whether the stack changed."""
    parameters = dict(given)
    if settings.local:
        parameters = local_parameters(settings.state, running_cloud(settings.state)) | parameters
    changed = stack.deploy(settings.stack, parameters, approve)
    with connect(stack.outputs(settings.stack)) as connection:
        apply(connection, "postgres" if settings.local else "redshift")
    return changed


def _ask(changes: Sequence[Mapping[str, Any]]) -> bool:
    for change in changes:
        replaced = " (replaced)" if change.get("Replacement") == "True" else ""
        print(f"  {change['Action']:<8} {change['ResourceType']:<42} {change['LogicalResourceId']}{replaced}")
    return input(f"Apply these {len(changes)} changes? [y/N] ").strip().lower() in {"y", "yes"}
