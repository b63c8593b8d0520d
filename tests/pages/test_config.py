from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from streamlit import config

from pages.parts import theme
from pipeline.settings import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS: dict[str, Any] = tomllib.loads((REPOSITORY / ".streamlit" / "config.toml").read_text())


def options(section: str, values: dict[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from options(f"{section}.{name}", value)
        else:
            yield f"{section}.{name}"


def test_every_option_is_one_that_streamlit_knows() -> None:
    named = [option for section, values in SETTINGS.items() for option in options(section, values)]
    assert set(named) <= set(config.get_config_options())


def test_the_dashboard_keeps_to_itself() -> None:
    server, client = SETTINGS["server"], SETTINGS["client"]
    assert server["address"] == "127.0.0.1"
    assert set(server["allowedHosts"]) == {"127.0.0.1", "localhost"}
    assert server["fileWatcherType"] == "none"
    assert not server.get("enableAgentApi")
    assert SETTINGS["browser"]["gatherUsageStats"] is False
    assert client["showErrorDetails"] == "none"
    assert client["toolbarMode"] == "minimal"


@pytest.mark.parametrize(
    ("name", "colour"),
    [
        ("blue", theme.NET_SALES),
        ("green", theme.ORDERS),
        ("red", theme.RETURNS),
        ("orange", theme.DEGRADED),
        ("violet", theme.PAGE_VIEWS),
    ],
)
def test_tiles_and_charts_mean_the_same_by_a_colour(name: str, colour: str) -> None:
    assert SETTINGS["theme"]["light"][f"{name}Color"] == colour
    assert colour in SETTINGS["theme"]["chartCategoricalColors"]


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "text",
    ["textColor", "linkColor", *(f"{name}TextColor" for name in ("blue", "green", "red", "orange", "gray", "violet"))],
)
def test_text_stands_out_from_the_page(scheme: str, text: str) -> None:
    colours = SETTINGS["theme"][scheme]
    for ground in ("backgroundColor", "secondaryBackgroundColor"):
        assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("colour", [theme.NET_SALES, theme.ORDERS, theme.RETURNS])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lines_and_bars_stand_out_from_the_page(scheme: str, colour: str) -> None:
    assert contrast(colour, SETTINGS["theme"][scheme]["backgroundColor"]) >= 3
