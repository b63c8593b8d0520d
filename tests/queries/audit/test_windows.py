from __future__ import annotations

import pytest

from queries.audit import windows


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [("rate(1 minute)", 60), ("rate(5 minutes)", 300), ("rate(2 hours)", 7200), ("cron(0 3 * * ? *)", 3600)],
)
def test_the_period_of_a_schedule(expression: str, seconds: int) -> None:
    assert windows.period(expression) == seconds


def test_a_buffer_has_its_hint_and_some_time_for_the_way() -> None:
    assert [windows._with_grace(interval) for interval in (0, 5, 60, 900)] == [15, 20, 120, 1800]
