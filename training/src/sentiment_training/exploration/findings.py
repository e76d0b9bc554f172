"""Says in a sentence what each part of the report shows, and what to make of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from sentiment_training.exploration.exploration import Exploration
from sentiment_training.exploration.lengths import Drift, Lengths
from sentiment_training.exploration.marks import Mark

# A class this many times as frequent as another needs weights, or a metric other than accuracy.
_UNEVEN = 1.5
# Less than this share of texts said twice, or said both ways, does little harm.
_FEW_DUPLICATES, _FEW_CONTRADICTIONS = 0.05, 0.005
# Means this much apart are another kind of text.
_LONGER, _DRIFTED = 0.10, 0.10
# Neighbours of the same class beyond chance: from here on a class shows on the map.
_SHOWS, _CLEAR = 0.05, 0.2

Tone = Literal["good", "mind", "plain"]


@dataclass(frozen=True)
class Finding:
    """A sentence, and whether it is good news, something to mind, or neither."""

    tone: Tone
    text: str


def percent(share: float) -> str:
    """One decimal; small shares are not rounded to nothing."""
    if 0 < share < 0.0005:  # noqa: PLR2004 - would read 0.0 %
        return "<\N{NO-BREAK SPACE}0.1\N{NO-BREAK SPACE}%"
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


def balance(found: Exploration) -> list[Finding]:
    """Say how the classes are balanced."""
    if len(found.classes) == 1:
        only = found.classes[0].name
        return [
            Finding(
                "mind",
                f"There is one class only: every text is {only}. Nothing can be learned from it alone.",
            )
        ]
    ordered = sorted(found.classes, key=lambda each: -each.n)
    most, least = ordered[0], ordered[-1]
    shares = ", ".join(f"{percent(each.share.value)} {each.name}" for each in found.classes)
    if most.n < _UNEVEN * least.n:
        return [Finding("good", f"The classes are balanced: {shares}.")]
    return [
        Finding(
            "mind",
            f"The classes are uneven: {shares}. There are {most.n / least.n:.1f} {most.name} texts for each "
            f"{least.name} one; look at precision and recall of each class, not at accuracy alone.",
        )
    ]


def repeated(found: Exploration) -> list[Finding]:
    """Say how much is said twice, and how much both ways."""
    repeats = found.repeats
    twice = repeats.duplicates / repeats.n
    findings = [
        Finding(
            "good" if twice < _FEW_DUPLICATES else "mind",
            f"{repeats.duplicates:,} texts ({percent(twice)}) repeat an earlier one of the same label."
            if repeats.duplicates
            else "No text is there twice with the same label.",
        )
    ]
    if len(found.classes) == 1:
        return findings
    if not repeats.contradictory:
        return [*findings, Finding("good", "No text occurs with two labels.")]
    share = repeats.contradictory_rows / repeats.n
    opposed = f", {repeats.opposed:,} of them as negative and as positive" if len(found.classes) > 2 else ""  # noqa: PLR2004
    return [
        *findings,
        Finding(
            "good" if share < _FEW_CONTRADICTIONS else "mind",
            f"{_texts(repeats.contradictory)} with more than one label{opposed}: "
            f"{repeats.contradictory_rows:,} rows ({percent(share)}). "
            "Training drops what is both negative and positive.",
        ),
    ]


def lengths(found: Exploration) -> list[Finding]:
    """Say how long texts are, and whether classes differ in it."""
    findings = []
    for each in found.lengths:
        medians = _joined(
            [
                f"{summary.median:.0f} ({name})"
                for name, summary in zip(found.corpus.classes, each.summaries, strict=True)
            ]
        )
        longest = max(summary.high for summary in each.summaries)
        findings.append(
            Finding(
                "plain",
                f"Median length in {each.unit}: {medians}. 95 % of every class have at most {longest:.0f}.",
            )
        )
    if len(found.classes) > 1:
        findings.append(_longest_class(found, found.lengths[-1]))
    return findings


def drifts(found: Exploration) -> list[Finding]:
    """Say what time goes by, and whether lengths change with it."""
    drift = found.drift
    if drift is None:
        if found.corpus.times is not None:
            why = "The dates lie within one day"
        elif found.corpus.order is not None:
            why = "There are too few texts to part them by their order"
        else:
            why = "Nothing tells when these texts were written"
        return [Finding("plain", f"{why}, so there is no drift to see."), *_undated(found)]
    why = "it has no dates" if found.corpus.times is None else "its dates lie within one day"
    period = (
        f"blocks of the file’s order, for {why}; each class is cut into blocks for itself"
        if drift.rule == "block"
        else f"{drift.rule}s, from {drift.periods[0]} to {drift.periods[-1]}"
    )
    findings = [Finding("plain", f"Time goes by {period}."), *_undated(found)]
    if drift.strays:
        are = "1 text is" if drift.strays == 1 else f"{drift.strays:,} texts are"
        findings.append(Finding("mind", f"{are} dated far from all others, and left out of the periods."))
    return [*findings, *_moves(drift, found.corpus.classes)]


def _undated(found: Exploration) -> list[Finding]:
    """Say how many texts have no date, where others have one."""
    times = found.corpus.times
    n = 0 if times is None else int(np.isnat(times).sum())
    if not n:
        return []
    return [
        Finding(
            "mind",
            f"{n:,} of {len(found.corpus):,} texts {'has' if n == 1 else 'have'} no date: drift by date "
            "leaves them out, and training parts a file by date only where every row has one.",
        )
    ]


def _moves(drift: Drift, classes: Sequence[str]) -> list[Finding]:
    """Say which classes' lengths change, or that none does, or that there is too little to tell."""
    findings = []
    followed = set()
    for unit, by_class in drift.means.items():
        for name, means in zip(classes, by_class, strict=True):
            known = [(at, each) for at, each in zip(drift.periods, means, strict=True) if each is not None]
            if len(known) < 2:  # noqa: PLR2004 - one has nothing to differ from
                continue
            followed.add(name)
            short, long = min(known, key=lambda pair: pair[1].high), max(known, key=lambda pair: pair[1].low)
            # Even the ends of the intervals are that far apart.
            if long[1].low > (1 + _DRIFTED) * short[1].high:
                findings.append(
                    Finding(
                        "mind",
                        f"Length drifts: {name} texts have {short[1].value:.1f} {unit} on average "
                        f"{_when(drift, short[0])}, {long[1].value:.1f} {_when(drift, long[0])}.",
                    )
                )
    if not followed:
        return [Finding("plain", "Too few periods have enough texts to tell whether lengths drift.")]
    if not findings:
        findings.append(
            Finding("good", "Lengths hold steady: no mean moves by a tenth or more beyond chance.")
        )
    lacking = [name for name in classes if name not in followed]
    if lacking:
        findings.append(
            Finding(
                "plain", f"Too few periods have enough {_joined(lacking)} texts to tell whether theirs drift."
            )
        )
    return findings


def ngrams(found: Exploration) -> list[Finding]:
    """Name the words most typical of each class."""
    if len(found.classes) == 1:
        return [
            Finding("plain", "There is no other class to compare with: these are the most frequent ones.")
        ]
    findings = []
    for name, lists in zip(found.corpus.classes, found.ngrams, strict=True):
        words = [f"“{each.text}”" for each in lists[0][:5]]
        findings.append(
            Finding("plain", f"Most typical of {name}: {', '.join(words)}.")
            if words
            else Finding("plain", f"No word is more typical of {name} than chance allows.")
        )
    return findings


def marked(found: Exploration) -> list[Finding]:
    """Name the marks that differ most between classes."""
    if len(found.classes) == 1:
        return []
    told: list[tuple[float, str]] = []
    for mark in found.marks:
        told += _differences(mark, found.corpus.classes)
    if not told:
        return [Finding("plain", "No mark is clearly more frequent in one class than in another.")]
    return [Finding("plain", sentence) for _, sentence in sorted(told, reverse=True)[:3]]


def maps(found: Exploration) -> list[Finding]:
    """Say whether classes lie apart."""
    if not found.projections:
        return [Finding("plain", "There are too few different texts to draw a map.")]
    if len(found.classes) == 1:
        return [Finding("plain", "With one class, the maps show topics only.")]
    findings = []
    for each in found.projections:
        gain = each.agreement - each.chance
        verdict = (
            "the classes mix"
            if gain < _SHOWS
            else ("the classes lie clearly apart" if gain >= _CLEAR else "the classes part a little")
        )
        findings.append(
            Finding(
                "plain",
                f"{each.source}: {verdict}. Of a text’s ten nearest neighbours {percent(each.agreement)} "
                f"share its class; by chance it would be {percent(each.chance)}.",
            )
        )
    return findings


def overview(found: Exploration) -> list[Finding]:
    """Choose what to know first: what to mind, then what is good."""
    told = [*balance(found), *repeated(found), *drifts(found)[1:], *marked(found)[:1], *maps(found)[:1]]
    order: dict[Tone, int] = {"mind": 0, "good": 1, "plain": 2}
    return sorted(told, key=lambda each: order[each.tone])


def _when(drift: Drift, period: str) -> str:
    return (
        f"on {period}" if drift.rule == "day" else f"in {'block ' if drift.rule == 'block' else ''}{period}"
    )


def _longest_class(found: Exploration, lengths: Lengths) -> Finding:
    named = sorted(
        zip(found.corpus.classes, lengths.summaries, strict=True), key=lambda pair: pair[1].mean.value
    )
    (short, least), (long, most) = named[0], named[-1]
    if most.mean.low > least.mean.high and most.mean.value > (1 + _LONGER) * least.mean.value:
        return Finding(
            "mind",
            f"Length gives the class away: {long} texts have {most.mean.value:.1f} {lengths.unit} "
            f"on average, {short} ones {least.mean.value:.1f}.",
        )
    return Finding("good", "The classes are about equally long.")


def _differences(mark: Mark, classes: Sequence[str]) -> list[tuple[float, str]]:
    told = []
    for (one, first), (other, second) in combinations(zip(classes, mark.shares, strict=True), 2):
        (more, high), (less, low) = ((one, first), (other, second))
        if low.value > high.value:
            (more, high), (less, low) = (less, low), (more, high)
        # Beyond chance, and in more than one text of a hundred.
        if high.low > low.high and high.value > 0.01:  # noqa: PLR2004
            times = f"{high.value / low.value:.1f} times as many" if low.value > 0 else "only"
            sentence = (
                f"{mark.name.capitalize()}: in {percent(high.value)} of {more} texts, "
                f"{percent(low.value)} of {less} ones ({times})."
            )
            told.append((high.value - low.value, sentence))
    return told


def _texts(n: int) -> str:
    return "1 text occurs" if n == 1 else f"{n:,} texts occur"


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
