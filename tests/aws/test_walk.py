"""The whole way of a stack on the real AWS: it makes a stack of its own, which costs money, and removes it.

WEIR_TEST_AWS=1 AWS_PROFILE=... AWS_REGION=... .venv/bin/python -m pytest tests/aws -s
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys

import pytest

from pipeline.settings import REPOSITORY

pytestmark = pytest.mark.skipif(
    os.environ.get("WEIR_TEST_AWS") != "1",
    reason="makes a stack on the real AWS, which costs money: set WEIR_TEST_AWS=1, AWS_PROFILE and AWS_REGION",
)


def test_a_stack_from_its_creation_to_its_removal() -> None:
    name = f"weir-test-{secrets.token_hex(3)}"
    environment = os.environ | {"WEIR_CLOUD": "aws", "WEIR_STACK": name}
    print(f"stack {name}")
    done = subprocess.run([sys.executable, "-m", "tests.walk"], cwd=REPOSITORY, env=environment, check=False)
    assert done.returncode == 0, f"see above; `WEIR_STACK={name} python -m pipeline destroy --aws` removes what is left"
