"""Colours in two moods, and the style sheet made from them.

Every text colour keeps a contrast of 4.5 or more against the surfaces it stands on (WCAG 2.2, AA);
``tests/unit/ui/test_theme.py`` recomputes it.
"""

from dataclasses import dataclass, fields
from importlib import resources
from typing import Final


@dataclass(frozen=True)
class Palette:
    """One mood; every value a ``#rrggbb`` colour."""

    background: str
    surface: str
    raised: str
    line: str
    edge: str
    ink: str
    muted: str
    accent: str
    on_accent: str
    negative: str
    negative_surface: str
    negative_fill: str
    positive: str
    positive_surface: str
    positive_fill: str
    warning: str
    warning_surface: str


LIGHT: Final = Palette(
    background="#f5f3ee",
    surface="#ffffff",
    raised="#faf8f4",
    line="#e3ddd1",
    edge="#8a8f8d",
    ink="#12293a",
    muted="#52646f",
    accent="#0f5f66",
    on_accent="#ffffff",
    negative="#a3271d",
    negative_surface="#fcf0ed",
    negative_fill="#cf4436",
    positive="#17653a",
    positive_surface="#edf6ef",
    positive_fill="#2c8f57",
    warning="#7a4d00",
    warning_surface="#fdf4e0",
)

DARK: Final = Palette(
    background="#0b1620",
    surface="#12212d",
    raised="#182a38",
    line="#263b4a",
    edge="#6f8795",
    ink="#ecf1f3",
    muted="#a3b5c0",
    accent="#63c5c4",
    on_accent="#06222a",
    negative="#ff9d90",
    negative_surface="#2c1b1e",
    negative_fill="#e0594b",
    positive="#86dba8",
    positive_surface="#12291f",
    positive_fill="#3aa568",
    warning="#f5c871",
    warning_surface="#2b2415",
)


def style_sheet() -> str:
    """Write the page's CSS: the colours as variables, then ``style.css``."""
    # Streamlit sets `color-scheme` to the mood it chose; light-dark() follows it.
    variables = "\n".join(
        f"  --vg-{name.replace('_', '-')}: light-dark({getattr(LIGHT, name)}, {getattr(DARK, name)});"
        for name in (field.name for field in fields(Palette))
    )
    rules = resources.files("sentiment_ui").joinpath("style.css").read_text(encoding="utf-8")
    return f"<style>\n:root {{\n{variables}\n}}\n{rules}</style>"


def streamlit_theme() -> dict[str, str]:
    """Streamlit's own theme options for both moods, by option name."""
    options = {
        "theme.font": "sans-serif",
        "theme.headingFont": "serif",
        "theme.baseRadius": "10px",
        "theme.buttonRadius": "10px",
        "theme.showWidgetBorder": "true",
    }
    for mood, palette in (("light", LIGHT), ("dark", DARK)):
        options |= {
            f"theme.{mood}.primaryColor": palette.accent,
            f"theme.{mood}.backgroundColor": palette.background,
            f"theme.{mood}.secondaryBackgroundColor": palette.raised,
            f"theme.{mood}.textColor": palette.ink,
            f"theme.{mood}.borderColor": palette.edge,
            f"theme.{mood}.linkColor": palette.accent,
        }
    return options
