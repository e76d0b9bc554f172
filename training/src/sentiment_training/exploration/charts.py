"""Draws statistics as SVG; the page's style sheet colours it, so that it follows light and dark."""

from collections.abc import Callable, Iterable, Sequence
from math import ceil, floor, log10

import numpy as np
from markupsafe import Markup

from sentiment_training.exploration.clouds import HEIGHT, WIDTH, PlacedWord
from sentiment_training.exploration.corpus import Corpus
from sentiment_training.exploration.lengths import Drift, Histogram
from sentiment_training.exploration.projections import Projection

# Drawn as wide as a phone shows them, so that their letters stay as large as they are drawn.
_W, _H = 460, 260
# At the sides there is room for "100 %" and half of "10000" as a phone shows them.
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 26, 12, 44
_HALF_CHARACTER = 4.7
# Below a map, room for the text that is pointed at.
_MAP, _READ = 560, 130
_TIP_CHARACTERS = 160
_FEW_TICKS = 5


def histogram(shown: Histogram, classes: Sequence[str], unit: str) -> Markup:
    """Draw one outline a class: share of its texts by length."""
    edges, shares = shown.edges, shown.shares
    x = _scale(0, float(edges[-1]), _LEFT, _W - _RIGHT)
    top = float(shares.max())
    y = _scale(0, top, _H - _BOTTOM, _TOP)
    parts = [
        _y_axis(0, top, y, lambda value: f"{100 * value:.3g}\N{NO-BREAK SPACE}%"),
        _x_axis_numbers(float(edges[-1]), x, unit),
    ]
    for name, row in zip(classes, shares, strict=True):
        steps = [f"M{x(0):.1f} {y(0):.1f}"]
        for left, right, share in zip(edges[:-1], edges[1:], row, strict=True):
            steps.append(f"L{x(left):.1f} {y(share):.1f}H{x(right):.1f}")
        outline = "".join(steps) + f"V{y(0):.1f}"
        parts.append(
            Markup('<g class="c-{}"><path class="area" d="{}Z"/><path class="line" d="{}"/></g>').format(
                name, outline, outline
            )
        )
    return _svg(parts, f"Share of texts by length in {unit}, by class")


def through_time(drift: Drift, classes: Sequence[str], unit: str) -> Markup:
    """Draw the mean length of each class by period, with its 95 % interval."""
    n = len(drift.periods)
    known = [each for by_class in drift.means[unit] for each in by_class if each is not None]
    if not known:
        return Markup('<p class="none">Every period has too few texts for a mean.</p>')
    low, high = min(each.low for each in known), max(each.high for each in known)
    low, high = _wider(low, high)
    # The last period's name stands under its point, within the picture.
    x = _scale(0, max(1, n - 1), _LEFT + 10, _W - max(_RIGHT, _HALF_CHARACTER * len(drift.periods[-1])))
    y = _scale(low, high, _H - _BOTTOM, _TOP)
    parts = [_y_axis(low, high, y, lambda value: f"{value:g}"), _x_axis_names(drift.periods, x)]
    for name, by_class in zip(classes, drift.means[unit], strict=True):
        group = []
        for run in _runs([each is not None for each in by_class]):
            points = [(x(at), each) for at in run if (each := by_class[at]) is not None]
            band = [f"{left:.1f} {y(each.high):.1f}" for left, each in points]
            band += [f"{left:.1f} {y(each.low):.1f}" for left, each in reversed(points)]
            line = [f"{left:.1f} {y(each.value):.1f}" for left, each in points]
            group.append(Markup('<path class="band" d="M{}Z"/>').format("L".join(band)))
            group.append(Markup('<path class="line" d="M{}"/>').format("L".join(line)))
        for at, each in enumerate(by_class):
            if each is not None:
                group.append(
                    Markup('<circle class="dot" cx="{:.1f}" cy="{:.1f}" r="2.6">{}</circle>').format(
                        x(at), y(each.value), _tip(f"{drift.periods[at]}: {each.value:.1f}")
                    )
                )
        parts.append(Markup('<g class="c-{}">{}</g>').format(name, Markup("").join(group)))
    return _svg(parts, f"Mean length in {unit} by {drift.rule} and class")


def scatter(shown: Projection, corpus: Corpus) -> Markup:
    """Draw a map: a sign a text, its shape and colour its class; below, the text that is pointed at.

    A tap is no pointing everywhere, but gives what can have it the focus: that shows the text too.
    """
    size = _MAP - 24
    parts = [
        Markup('<g class="hint">{}</g>').format(_read("Point at a sign, or tap it, to read its text here."))
    ]
    # In the order of the file one class would cover the other.
    order = np.random.default_rng(0).permutation(len(shown.rows))
    for at in order.tolist():
        row = int(shown.rows[at])
        name = corpus.classes[int(corpus.codes[row])]
        left, top = (12 + size * float(each) for each in shown.points[at])
        text = corpus.texts[row].as_py()
        parts.append(
            Markup('<g class="c-{}" tabindex="-1"><path d="M{:.1f} {:.1f}{}"/>{}</g>').format(
                name, left, top, SIGNS[name], _read(short(text, _TIP_CHARACTERS))
            )
        )
    return Markup('<svg class="map" viewBox="0 0 {} {}" role="group" aria-label="{}">{}</svg>').format(
        _MAP, _MAP + _READ, f"Map of {len(shown.rows):,} texts by {shown.source}", Markup("").join(parts)
    )


def _read(text: str) -> Markup:
    # SVG itself breaks no lines; HTML within it does.
    return Markup('<foreignObject y="{}" width="{}" height="{}"><p dir="auto">{}</p></foreignObject>').format(
        _MAP, _MAP, _READ, text
    )


def word_cloud(words: Sequence[PlacedWord], name: str) -> Markup:
    """Draw a cloud; words are text, so they can be found and read aloud."""
    parts = [
        Markup('<text x="{:.0f}" y="{:.0f}" font-size="{}"{}>{}<title>in {}</title></text>').format(
            each.x,
            each.y,
            each.size,
            _squeezed(each.width),
            each.text,
            "1 text" if each.n == 1 else f"{each.n:,} texts",
        )
        for each in words
    ]
    return Markup('<svg class="cloud c-{}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        name, WIDTH, HEIGHT, f"Words most typical of {name} texts", Markup("").join(parts)
    )


def short(text: str, most: int) -> str:
    """Put a text on one line without control characters, and cut it."""
    shown = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return shown if len(shown) <= most else shown[: most - 1] + "…"


SIGNS = {
    "negative": "m-2.6 0a2.6 2.6 0 1 0 5.2 0a2.6 2.6 0 1 0-5.2 0",
    "neutral": "m-2.1-2.1h4.2v4.2h-4.2z",
    "positive": "m0-3.4l3.4 3.4l-3.4 3.4l-3.4-3.4z",
}


def sign(name: str) -> Markup:
    """Draw the sign of a class, for a legend."""
    return Markup(
        '<svg class="sign c-{0}" viewBox="-4 -4 8 8" aria-hidden="true"><path d="M0 0{1}"/></svg>'
    ).format(name, SIGNS[name])


def ticks(low: float, high: float, most: int = _FEW_TICKS) -> list[float]:
    """Choose round numbers within a range, one to `most` of them; steps of 1, 2 or 5 times a power of ten."""
    if high <= low:
        return [low]
    magnitude = 10.0 ** floor(log10((high - low) / most))
    step = next(
        times * magnitude
        for times in (1, 2, 5, 10, 20)
        if floor(high / (times * magnitude)) - ceil(low / (times * magnitude)) < most
    )
    first = ceil(low / step)
    return [round(each * step, 10) for each in range(first, floor(high / step + 1e-9) + 1)]


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    width = (high - low) or 1.0
    return lambda value: start + (value - low) / width * (end - start)


def _wider(low: float, high: float) -> tuple[float, float]:
    room = 0.08 * (high - low) or 1.0
    return max(0.0, low - room), high + room


def _tip(text: str) -> Markup:
    return Markup("<title>{}</title>").format(text)


def _svg(parts: Iterable[Markup], label: str) -> Markup:
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        _W, _H, label, Markup("").join(parts)
    )


def _y_axis(low: float, high: float, y: Callable[[float], float], written: Callable[[float], str]) -> Markup:
    return Markup("").join(
        Markup('<path class="grid" d="M{} {:.1f}H{}"/>').format(_LEFT, y(value), _W - _RIGHT)
        + Markup('<text class="tick" x="{}" y="{:.1f}" text-anchor="end">{}</text>').format(
            _LEFT - 6, y(value) + 4, written(value)
        )
        for value in ticks(low, high)
    )


def _x_axis_numbers(most: float, x: Callable[[float], float], unit: str) -> Markup:
    marks = Markup("").join(
        Markup('<text class="tick" x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(
            x(value), _H - _BOTTOM + 16, f"{value:g}"
        )
        for value in ticks(0, most, 6)
    )
    return marks + Markup('<text class="tick" x="{}" y="{}" text-anchor="end">{}</text>').format(
        _W - _RIGHT, _H - 8, unit
    )


def _x_axis_names(names: Sequence[str], x: Callable[[float], float]) -> Markup:
    last = len(names) - 1
    base = _H - _BOTTOM
    # Dates are long, and a phone shows them larger than the picture.
    shown = sorted({0, last // 2, last})
    line = Markup('<path class="grid" d="M{} {}H{}"/>').format(_LEFT, base, _W - _RIGHT)
    return line + Markup("").join(
        Markup('<path class="notch" d="M{0:.1f} {1}v5"/>').format(x(at), base)
        + Markup('<text class="tick" x="{:.1f}" y="{}" text-anchor="middle">{}</text>').format(
            x(at), base + 20, names[at]
        )
        for at in shown
    )


def _squeezed(width: float | None) -> Markup:
    """Keep a word to the width that was measured for it, whatever font shows it."""
    if width is None:
        return Markup("")
    return Markup(' textLength="{:.0f}" lengthAdjust="spacingAndGlyphs"').format(width)


def _runs(present: Sequence[bool]) -> list[list[int]]:
    """Group neighbouring places that are present: a line has a gap where a mean is missing."""
    runs: list[list[int]] = []
    for at, here in enumerate(present):
        if here and at and present[at - 1]:
            runs[-1].append(at)
        elif here:
            runs.append([at])
    return runs
