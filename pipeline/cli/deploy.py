"""`deploy`: create or update the stack, then the warehouse's tables."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pipeline import artifacts, removal, stack
from pipeline.cli.asked import asked
from pipeline.errors import BadInputError
from pipeline.local.parameters import local_parameters
from pipeline.settings import Settings, running_cloud, settle
from pipeline.warehouse.apply import apply
from pipeline.warehouse.connect import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from pipeline.stack import Outcome

_SAID = {"deployed": "deployed", "unchanged": "nothing to change", "refused": "nothing was changed"}
_COSTLY = "AWS::RedshiftServerless::Workgroup"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which cloud, and what on AWS differs from the template's defaults."""
    parser.add_argument("--aws", action="store_true", help="the real AWS (also WEIR_CLOUD=aws)")
    parser.add_argument("--yes", action="store_true", help="apply the change set without asking")
    parser.add_argument(
        "--parameter",
        action="append",
        type=_parameter,
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the template, such as WarehouseCidr=203.0.113.0/24; may be repeated",
    )


def run(args: argparse.Namespace) -> int:
    """Deploy, and say what came of it; 1 when the change set was refused."""
    settings = settle(aws=args.aws or None)
    approve = (lambda _changes: True) if settings.local or args.yes else _ask
    outcome = deploy(settings, dict(args.parameter), approve)
    print(f"Stack {settings.stack}: {_SAID[outcome]}.")
    return 1 if outcome == "refused" else 0


def deploy(
    settings: Settings,
    given: Mapping[str, str],
    approve: Callable[[Sequence[Mapping[str, Any]]], bool] = lambda _changes: True,
) -> Outcome:
    """The stack and the warehouse's tables. What `approve` refuses leaves everything as it was."""
    parameters = dict(given)
    if settings.local:
        parameters = local_parameters(settings.state, running_cloud(settings.state)) | parameters
    else:
        _require_way_in(settings.stack, parameters)
    outcome = stack.deploy(settings.stack, parameters, approve)
    if outcome == "refused":
        if not stack.exists(settings.stack):
            removal.destroy(settings.stack)
        return outcome
    with connect(stack.outputs(settings.stack)) as connection:
        apply(connection, "postgres" if settings.local else "redshift")
    return outcome


def _require_way_in(name: str, parameters: Mapping[str, str]) -> None:
    """A new warehouse that does not admit this machine could not be given its tables."""
    if not {"WarehouseCidr", "WarehouseHost"} & parameters.keys() and not stack.exists(name):
        message = (
            "A new stack needs --parameter WarehouseCidr=..., the addresses that may reach its warehouse, this machine "
            'among them, such as WarehouseCidr="$(curl -s https://checkip.amazonaws.com)/32".'
        )
        raise BadInputError(message)


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _ask(changes: Sequence[Mapping[str, Any]]) -> bool:
    print(f"In account {artifacts.account()}, {artifacts.region()}:")
    for change in changes:
        replaced = {"True": " (replaced)", "Conditional": " (may be replaced)"}.get(change.get("Replacement", ""), "")
        print(f"  {change['Action']:<8} {change['ResourceType']:<42} {change['LogicalResourceId']}{replaced}")
    if any(change["ResourceType"] == _COSTLY and change["Action"] == "Add" for change in changes):
        print("  Among these is a Redshift Serverless, which costs by the hour: docs/aws.md has the figures.")
    return asked(f"Apply these {len(changes)} changes? [y/N] ").lower() in {"y", "yes"}
