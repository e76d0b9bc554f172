"""The page's cards as HTML. Whatever a visitor or the API wrote is escaped here, and only here."""

from datetime import datetime, tzinfo
from html import escape

from sentiment_ui import texts
from sentiment_ui.brand import MARK_SVG, WAITING_SVG, data_uri
from sentiment_ui.client import Label, ModelInfo
from sentiment_ui.history import Entry

THIN_SPACE = "\u202f"
_SHOWN_CHARACTERS = 140
_SMALLEST_SHARE = 0.01


def percent(share: float) -> str:
    """Write a share of [0, 1] for a person; certainty is never claimed."""
    if share > 1 - _SMALLEST_SHARE:
        return f">99{THIN_SPACE}%"
    if share < _SMALLEST_SHARE:
        return f"<1{THIN_SPACE}%"
    return f"{share:.0%}".replace("%", f"{THIN_SPACE}%")


def own_probability(label: Label, probability: float) -> float:
    """Turn the probability of *positive* into that of the label itself."""
    return probability if label == "positive" else 1 - probability


def header() -> str:
    """The mark, the name and what it is."""
    return (
        f'<div class="vg-brand"><img src="{data_uri(MARK_SVG)}" alt="" width="44" height="44">'
        f'<div><p class="vg-name">{texts.NAME}</p><p class="vg-tagline">{texts.TAGLINE}</p></div></div>'
    )


def lead() -> str:
    """The question the page answers."""
    return f'<div class="vg-lead"><h1>{texts.HEADLINE}</h1><p>{texts.LEAD}</p></div>'


def status(model: ModelInfo | None) -> str:
    """A pill that says whether somebody is on watch; None where the API is away."""
    if model is None:
        kind, words = "away", texts.STATUS_AWAY
    elif not model.ready or model.version is None:
        kind, words = "waiting", texts.STATUS_NOT_READY
    elif not model.registry.reachable:
        kind, words = "cached", texts.STATUS_CACHED.format(version=escape(model.version))
    else:
        kind, words = "ready", texts.STATUS_READY.format(version=escape(model.version))
    return f'<p class="vg-status vg-status-{kind}" role="status"><span class="vg-dot"></span>{words}</p>'


def waiting() -> str:
    """What stands in the answer's place before there is one."""
    return (
        f'<div class="vg-waiting"><img src="{data_uri(WAITING_SVG)}" alt="" width="240" height="96">'
        f"<h2>{texts.WAITING_TITLE}</h2><p>{texts.WAITING}</p></div>"
    )


def result(entry: Entry, model: ModelInfo | None, zone: tzinfo) -> str:
    """The answer: label, its own probability, both sides of the scale, and who said so."""
    own = escape(percent(own_probability(entry.label, entry.probability)))
    negative, positive = escape(percent(1 - entry.probability)), escape(percent(entry.probability))
    description = texts.BAR_DESCRIPTION.format(negative=negative, positive=positive)
    facts = "".join(
        f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in _facts(entry, model, zone)
    )
    return (
        f'<section class="vg-result vg-{entry.label}" role="status" aria-live="polite">'
        f'<div class="vg-verdict"><span class="vg-icon vg-icon-{entry.label}"></span>'
        f'<div class="vg-words"><p class="vg-kicker">{texts.READS_AS}</p>'
        f"<h2>{texts.LABELS[entry.label]}</h2></div>"
        f'<p class="vg-figure"><b>{own}</b><span>{texts.SURE}</span></p></div>'
        f'<blockquote dir="auto">{escape(entry.text)}</blockquote>'
        f'<div class="vg-scale"><div class="vg-bar" role="img" aria-label="{description}">'
        f'<span class="vg-bar-negative" style="width:{100 * (1 - entry.probability):.2f}%"></span>'
        f'<span class="vg-bar-positive" style="width:{100 * entry.probability:.2f}%"></span></div>'
        f'<div class="vg-ends" aria-hidden="true"><span>{texts.LABELS["negative"]} {negative}</span>'
        f"<span>{texts.LABELS['positive']} {positive}</span></div></div>"
        f'<dl class="vg-facts">{facts}</dl></section>'
    )


def notice(title: str, message: str) -> str:
    """Something the visitor has to know, read out at once."""
    return (
        f'<div class="vg-notice" role="alert"><span class="vg-icon vg-icon-notice"></span>'
        f"<div><h3>{escape(title)}</h3><p>{escape(message)}</p></div></div>"
    )


def thanks(predicted: Label, expected: Label) -> str:
    """The report is on record."""
    sentence = (
        texts.THANKS_RIGHT.format(expected=texts.LABELS[expected].lower())
        if predicted == expected
        else texts.THANKS_WRONG.format(
            expected=texts.LABELS[expected].lower(), predicted=texts.LABELS[predicted].lower()
        )
    )
    return (
        f'<div class="vg-thanks" role="status"><span class="vg-icon vg-icon-positive"></span>'
        f"<div><h3>{texts.THANKS_TITLE}</h3><p>{sentence}</p></div></div>"
    )


def section_title(title: str, note: str = "") -> str:
    """A card's heading, with a quiet line below."""
    return f'<div class="vg-title"><h2>{title}</h2>{f"<p>{note}</p>" if note else ""}</div>'


def history(entries: tuple[Entry, ...], zone: tzinfo) -> str:
    """What this visitor has read, newest first."""
    if not entries:
        return f'<p class="vg-empty">{texts.HISTORY_EMPTY}</p>'
    return f'<ul class="vg-history">{"".join(_history_row(entry, zone) for entry in entries)}</ul>'


def privacy() -> str:
    """What is stored, and what is not."""
    rows = "".join(f"<li><b>{escape(short)}</b> {escape(more)}</li>" for short, more in texts.PRIVACY)
    return f'<ul class="vg-privacy">{rows}</ul>'


def _history_row(entry: Entry, zone: tzinfo) -> str:
    shown = entry.text if len(entry.text) <= _SHOWN_CHARACTERS else entry.text[: _SHOWN_CHARACTERS - 1] + "…"
    reported = ""
    if entry.expected:
        words = texts.HISTORY_REPORTED.format(expected=texts.LABELS[entry.expected].lower())
        reported = f'<span class="vg-reported">{words}</span>'
    version = escape(texts.VERSION_ALONE.format(version=entry.model_version))
    own = escape(percent(own_probability(entry.label, entry.probability)))
    return (
        f'<li class="vg-{entry.label}"><p class="vg-row-verdict">'
        f'<span class="vg-icon vg-icon-{entry.label}"></span><b>{texts.LABELS[entry.label]} · {own}</b>'
        f'<time datetime="{entry.at.isoformat()}">{_short_time(entry.at, zone)}</time></p>'
        f'<p class="vg-row-text" dir="auto">{escape(shown)}</p>'
        f'<p class="vg-row-note">{version}{reported}</p></li>'
    )


def _facts(entry: Entry, model: ModelInfo | None, zone: tzinfo) -> list[tuple[str, str]]:
    if model is None or model.version != entry.model_version or model.name is None:
        # Another version took over since, or nobody can be asked: only what the answer itself said is sure.
        return [(texts.VERSION, texts.VERSION_ALONE.format(version=entry.model_version))]
    facts = [(texts.VERSION, texts.VERSION_OF.format(name=model.name, version=model.version))]
    if model.loaded_at:
        facts.append((texts.LOADED, f"{model.loaded_at.astimezone(zone):%d %b %Y, %H:%M}"))
    if model.rule:
        facts.append((texts.RULE, _rule(model.rule)))
    return facts


def _rule(rule: str) -> str:
    kind, _, name = rule.partition(":")
    sentences = {"stage": texts.RULE_STAGE, "alias": texts.RULE_ALIAS}
    return sentences[kind].format(name=name) if name and kind in sentences else rule


def _short_time(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%d %b, %H:%M}"
