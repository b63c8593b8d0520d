from __future__ import annotations

from pipeline.bench.percentile import percentile


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(number) for number in range(1, 41)]
    assert [percentile(values, share) for share in (0.0, 0.5, 0.95, 1.0)] == [1.0, 20.0, 38.0, 40.0]
    assert percentile(values[19::-1], 0.95) == 19.0
    assert percentile([3.0], 0.95) == 3.0
