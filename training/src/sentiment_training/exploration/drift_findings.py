"""Says what time goes by, and whether lengths change with it."""

from collections.abc import Sequence

import numpy as np

from sentiment_training.exploration.exploration import Exploration
from sentiment_training.exploration.finding import Finding, joined
from sentiment_training.exploration.lengths import Drift

# A mean that moves by this much is another kind of text.
_DRIFTED = 0.10


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
    have, them = ("has", "it") if n == 1 else ("have", "them")
    return [
        Finding(
            "mind",
            f"{n:,} of {len(found.corpus):,} texts {have} no date: drift by date leaves {them} out, and "
            "training parts a file by date only where every row has one.",
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
                "plain", f"Too few periods have enough {joined(lacking)} texts to tell whether theirs drift."
            )
        )
    return findings


def _when(drift: Drift, period: str) -> str:
    return (
        f"on {period}" if drift.rule == "day" else f"in {'block ' if drift.rule == 'block' else ''}{period}"
    )
