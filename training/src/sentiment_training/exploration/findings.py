"""Says in a sentence what each part of the report shows, and what to make of it."""

from collections.abc import Mapping
from itertools import combinations

from sentiment_training.exploration.balance import ClassCount
from sentiment_training.exploration.drift_findings import drifts
from sentiment_training.exploration.exploration import Exploration
from sentiment_training.exploration.finding import Finding, Tone, joined, percent
from sentiment_training.exploration.lengths import Lengths
from sentiment_training.exploration.marks import Mark

# A class this many times as frequent as another needs weights, or a metric other than accuracy.
_UNEVEN = 1.5
# Less than this share of texts said twice, or said both ways, does little harm.
_FEW_DUPLICATES, _FEW_CONTRADICTIONS = 0.05, 0.005
# A mean this much larger is another kind of text.
_LONGER = 0.10
# Of fewer texts of a class nothing can be told from chance.
_COMPARED = 30
# Neighbours of the same class beyond chance: from here on a class shows on the map.
_SHOWS, _CLEAR = 0.05, 0.2

_NOT_COMPARED = Finding(
    "plain", f"Fewer than two classes have {_COMPARED} texts or more: too few to compare them in this."
)


def refused(found: Exploration) -> list[Finding]:
    """Say why training would not go on, if so."""
    why = found.training.refusal
    return [] if why is None else [Finding("mind", f"Training would refuse this: {why}.")]


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


def rare(found: Exploration) -> list[Finding]:
    """Name the classes with too few texts to be compared."""
    if len(found.classes) == 1:
        return []
    return [
        Finding(
            "mind",
            too_few_of(each),
        )
        for each in found.classes
        if each.n < _COMPARED
    ]


def too_few_of(each: ClassCount) -> str:
    """Say that a class has too few texts to be compared."""
    verb, texts = ("is", "text") if each.n == 1 else ("are", "texts")
    return f"There {verb} only {each.n} {each.name} {texts}: nothing can be compared with so few."


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
        medians = joined(
            [
                f"{summary.median:.0f} ({name})"
                for name, summary in zip(found.corpus.classes, each.summaries, strict=True)
            ]
        )
        longest = max(summary.high for summary in each.summaries)
        findings.append(
            Finding(
                "plain",
                f"Median length in {each.unit}: {medians}. "
                f"95\N{NO-BREAK SPACE}% of every class have at most {longest:.0f}.",
            )
        )
    compared = _compared(found)
    if len(compared) > 1:
        findings.append(_longest_class(compared, found.lengths[-1]))
    return findings


def ngrams(found: Exploration) -> list[Finding]:
    """Name the words most typical of each class."""
    if len(found.classes) == 1:
        return [
            Finding(
                "plain",
                "There is no other class to compare with: these are the most frequent ones, "
                "by how many texts hold them.",
            )
        ]
    compared = _compared(found)
    if len(compared) < 2:  # noqa: PLR2004 - a pair
        return [_NOT_COMPARED]
    findings = []
    for place, name in compared.items():
        words = [f"“{each.text}”" for each in found.ngrams[place][0][:5]]
        findings.append(
            Finding("plain", f"Most typical of {name}: {', '.join(words)}.")
            if words
            else Finding("plain", f"No word is more typical of {name} than chance allows.")
        )
    return findings


def clouds(found: Exploration) -> list[Finding]:
    """Say why there are no clouds, if so."""
    return [] if described(found) else [_NOT_COMPARED]


def marked(found: Exploration) -> list[Finding]:
    """Name the marks that differ most between classes."""
    if len(found.classes) == 1:
        return []
    compared = _compared(found)
    if len(compared) < 2:  # noqa: PLR2004 - a pair
        return [_NOT_COMPARED]
    told = [each for mark in found.marks if (each := _difference(mark, compared)) is not None]
    if not told:
        return [Finding("plain", "No mark is clearly more frequent in one class than in another.")]
    return [Finding("plain", sentence) for _, sentence in sorted(told, reverse=True)[:3]]


def maps(found: Exploration) -> list[Finding]:
    """Say whether classes lie apart."""
    if not found.projections:
        return [Finding("plain", "There are too few different texts to draw a map.")]
    if len(found.classes) == 1:
        return [Finding("plain", "With one class, the maps show topics only.")]
    if len(_compared(found)) < 2:  # noqa: PLR2004 - a pair
        return [_NOT_COMPARED]
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
    told = [
        *(*refused(found), *balance(found), *rare(found), *repeated(found)),
        *(each for each in lengths(found) if each.tone != "plain"),
        *(*drifts(found)[1:], *marked(found)[:1], *maps(found)[:1]),
    ]
    order: dict[Tone, int] = {"mind": 0, "good": 1, "plain": 2}
    return sorted((each for each in told if each is not _NOT_COMPARED), key=lambda each: order[each.tone])


def described(found: Exploration) -> frozenset[int]:
    """Give the places of the classes whose lists and clouds tell something.

    Those with enough texts to be compared, none where there is but one of them; a class that is alone in the
    file is compared with nothing, and described.
    """
    if len(found.classes) == 1:
        return frozenset([0])
    compared = _compared(found)
    return frozenset(compared if len(compared) > 1 else ())


def _compared(found: Exploration) -> dict[int, str]:
    """Name the classes that have enough texts to be compared, by their place."""
    return {place: each.name for place, each in enumerate(found.classes) if each.n >= _COMPARED}


def _longest_class(compared: Mapping[int, str], lengths: Lengths) -> Finding:
    named = sorted(
        ((name, lengths.summaries[place]) for place, name in compared.items()),
        key=lambda pair: pair[1].mean.value,
    )
    (short, least), (long, most) = named[0], named[-1]
    if most.mean.low > least.mean.high and most.mean.value > (1 + _LONGER) * least.mean.value:
        return Finding(
            "mind",
            f"Length gives the class away: {long} texts have {most.mean.value:.1f} {lengths.unit} "
            f"on average, {short} ones {least.mean.value:.1f}.",
        )
    return Finding("good", "The classes are about equally long.")


def _difference(mark: Mark, compared: Mapping[int, str]) -> tuple[float, str] | None:
    """Say between which two classes a mark differs most, and by how much; None where chance may do it."""
    told = []
    shares = [(name, mark.shares[place]) for place, name in compared.items()]
    for (one, first), (other, second) in combinations(shares, 2):
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
    return max(told, default=None)


def _texts(n: int) -> str:
    return "1 text occurs" if n == 1 else f"{n:,} texts occur"
