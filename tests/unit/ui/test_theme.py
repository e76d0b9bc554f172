import pytest

from sentiment_ui.theme import DARK, LIGHT, Palette, style_sheet

TEXT_ON_SURFACE = [
    ("ink", "background"),
    ("ink", "surface"),
    ("ink", "raised"),
    ("muted", "background"),
    ("muted", "surface"),
    ("muted", "raised"),
    ("muted", "negative_surface"),
    ("muted", "positive_surface"),
    ("on_accent", "accent"),
    ("accent", "surface"),
    ("negative", "surface"),
    ("negative", "negative_surface"),
    ("positive", "surface"),
    ("positive", "positive_surface"),
    ("warning", "surface"),
    ("warning", "warning_surface"),
    ("ink", "warning_surface"),
]
# Edges of fields and the two sides of the bar: graphical objects, WCAG 1.4.11.
SHAPE_ON_SURFACE = [("edge", "surface"), ("negative_fill", "surface"), ("positive_fill", "surface")]


def luminance(colour: str) -> float:
    def linear(channel: float) -> float:
        return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "surface"), TEXT_ON_SURFACE)
def test_text_can_be_read(palette: Palette, text: str, surface: str) -> None:
    assert contrast(getattr(palette, text), getattr(palette, surface)) >= 4.5


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("shape", "surface"), SHAPE_ON_SURFACE)
def test_shapes_can_be_told_apart(palette: Palette, shape: str, surface: str) -> None:
    assert contrast(getattr(palette, shape), getattr(palette, surface)) >= 3


def test_the_style_sheet_fetches_nothing() -> None:
    css = style_sheet()

    assert "@import" not in css
    assert "url(http" not in css
    assert "//" not in css.replace("http://www.w3.org/2000/svg", "")
