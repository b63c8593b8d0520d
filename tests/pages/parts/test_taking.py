from __future__ import annotations

import pandas as pd

from pages.parts import charts, taking
from queries import definitions as d


def test_a_chart_is_taken_away_as_a_page_that_says_what_it_shows_and_needs_no_network() -> None:
    figure = charts.ranking(["A & <b>B</b>"], pd.Series([2.0]), ["£2"], d.NET_SALES)
    figure.update_layout(meta="Net sales of A & <b>B</b>, 1 Dec 2010 to 9 Dec 2011.")
    page = taking.document(figure, "By country").decode()
    assert "Net sales of A \\u0026amp; \\u0026lt;b\\u0026gt;B" in page or "Net sales of A &amp; &lt;b&gt;B" in page
    assert "Save as " in page
    assert "<script src=" not in page
    assert "1. A" in page
    assert '"displayModeBar": false' in page  # a button there sends the numbers to a cloud of others
    unnamed = taking.document(charts.ranking(["A"], pd.Series([1.0]), ["1"], d.UNITS), "By country").decode()
    assert "By country" in unnamed
