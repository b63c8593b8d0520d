"""`env`: the exports that point any AWS client at the local cloud."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from pipeline.settings import foreign_variables, local_environment, running_cloud

if TYPE_CHECKING:
    import argparse


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """It takes none."""


def run(_args: argparse.Namespace) -> int:
    """Print lines for `eval "$(python -m pipeline env)"`."""
    variables = local_environment(str(running_cloud()["endpoint"]))
    for name in foreign_variables():
        if name not in variables:
            print(f"unset {name}")
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0
