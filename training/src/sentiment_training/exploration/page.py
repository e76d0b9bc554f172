"""Puts the report together: one HTML file that needs nothing else."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import jinja2
from markupsafe import Markup

from sentiment_training.datasets import Counts
from sentiment_training.exploration import charts, findings
from sentiment_training.exploration.balance import total
from sentiment_training.exploration.exploration import Exploration
from sentiment_training.exploration.finding import percent
from sentiment_training.exploration.marks import Mark
from sentiment_training.exploration.repeats import Repeated

_QUOTED_CHARACTERS = 280
_NGRAM_NAMES = ("Words", "Pairs", "Triples")


def report(found: Exploration, title: str, made_at: datetime, seconds: Mapping[str, float]) -> str:
    """Write the page.

    Parameters
    ----------
    found
        What there is to say.
    title
        Of the data set; any text.
    made_at
        When.
    seconds
        What each step took.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sentiment_training.exploration", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = percent
    environment.filters["number"] = lambda n: f"{n:,}"
    classes = found.corpus.classes
    widest = max(share.high for mark in found.marks for share in mark.shares)
    page: str = environment.get_template("report.html.jinja").render(
        title=charts.short(title, _QUOTED_CHARACTERS),
        made_at=f"{made_at:%d %B %Y, %H:%M} UTC",
        style=Markup(environment.get_template("report.css").render()),  # noqa: S704 - ours, holds no data
        found=found,
        say=findings,
        classes=classes,
        legend={name: charts.sign(name) for name in classes},
        signs_of=charts.SIGNS,
        total=total(list(found.training.counts.values())),
        dropped=_dropped,
        histograms=[charts.histogram(each.histogram, classes, each.unit) for each in found.lengths],
        drifts=[]
        if found.drift is None
        else [charts.through_time(found.drift, classes, each.unit) for each in found.lengths],
        ngram_lists=_ngram_lists(found),
        marks=[_mark(mark, classes, widest) for mark in found.marks],
        clouds=_clouds(found),
        maps=[charts.scatter(each, found.corpus) for each in found.projections],
        quoted=_quoted,
        seconds={step: taken for step, taken in seconds.items() if taken >= 0.05},  # noqa: PLR2004 - shown with one decimal
    )
    return page


def _dropped(counts: Counts) -> Sequence[tuple[str, int]]:
    return [
        ("neutral or unlabelled", counts.neutral),
        ("empty", counts.empty),
        ("said again", counts.duplicate),
        ("both labels", counts.contradictory),
    ]


def _quoted(repeated: Repeated) -> str:
    return charts.short(repeated.text, _QUOTED_CHARACTERS)


def _ngram_lists(found: Exploration) -> list[dict[str, Any]]:  # for the template, which knows no types
    shown: list[dict[str, Any]] = []
    described = findings.described(found)
    if not described:
        # One sentence above says so for all of them.
        return shown
    # In words, the most that a text of each class has.
    longest = [each.longest for each in found.lengths[-1].summaries]
    for place, (name, lists) in enumerate(zip(found.corpus.classes, found.ngrams, strict=True)):
        if place not in described:
            shown.append({"name": name, "too_few": findings.too_few_of(found.classes[place]), "columns": []})
            continue
        columns = []
        others = longest[:place] + longest[place + 1 :]
        for size, (heading, entries) in enumerate(zip(_NGRAM_NAMES, lists, strict=True), start=1):
            if longest[place] < size:
                why = f"No {name} text has {heading.lower()}."
            elif others and max(others) < size:
                why = f"No other class has {heading.lower()} to compare with."
            else:
                why = "None beyond chance." if others else "None."
            strongest = max((each.z or each.inside for each in entries), default=1)
            columns.append(
                {
                    "heading": heading,
                    "why_none": why,
                    "entries": [
                        {"ngram": each, "width": f"{100 * (each.z or each.inside) / strongest:.0f}%"}
                        for each in entries
                    ],
                }
            )
        shown.append({"name": name, "too_few": None, "columns": columns})
    return shown


def _clouds(found: Exploration) -> list[dict[str, Any]]:  # for the template
    described = findings.described(found)
    return [
        {
            "name": name,
            "drawing": charts.word_cloud(words, name) if words and place in described else None,
            "why_none": "No word is typical of it."
            if place in described
            else findings.too_few_of(found.classes[place]),
        }
        for place, (name, words) in enumerate(zip(found.corpus.classes, found.clouds, strict=True))
        if described
    ]


def _mark(mark: Mark, classes: Sequence[str], widest: float) -> dict[str, Any]:  # for the template
    return {
        "name": mark.name,
        "shares": [
            {
                "name": name,
                "value": share.value,
                "low": share.low,
                "high": share.high,
                "left": f"{100 * share.low / widest:.2f}%",
                "right": f"{100 * share.high / widest:.2f}%",
                "middle": f"{100 * share.value / widest:.2f}%",
                "height": f"{100 * place / (len(classes) + 1):.0f}%",
            }
            for place, (name, share) in enumerate(zip(classes, mark.shares, strict=True), start=1)
        ],
    }
