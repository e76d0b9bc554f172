"""The two things only the browser can do: count while typing, and remember the visitor's history."""

from importlib import resources

import streamlit as st

from sentiment_ui import texts
from sentiment_ui.history import Entry, History, remembered

_COUNTER_CSS = """
output { display: block; text-align: right; font-size: .875rem; color: var(--vg-muted);
         font-variant-numeric: tabular-nums; }
output.over { color: var(--vg-negative); font-weight: 600; }
"""


def character_counter(field: str, text: str, limit: int | None) -> None:
    """Show how many characters a text field holds, while they are typed.

    Parameters
    ----------
    field
        The Streamlit key of the text area.
    text
        What the page last knew of its text; when the page changes it, the count follows.
    limit
        Characters that can be read, where it is known.
    """
    counter = st.components.v2.component(
        "vigie_counter", html='<output aria-live="off"></output>', css=_COUNTER_CSS, js=_script("counter.js")
    )
    counter(
        key="counter",
        data={"field": field, "sent": len(text), "limit": limit, "excess": texts.COUNTER_EXCESS},
    )


def exchange_history(history: History, *, read: bool, shown: str | None) -> list[Entry] | None:
    """Give the browser the history to keep; take what it kept from an earlier visit.

    Parameters
    ----------
    history
        What to keep, once the browser's memory has been read.
    read
        Whether the memory has been read in this session.
    shown
        The entry that stands in the result card; a new one is brought into view.

    Returns
    -------
    list of Entry or None
        What the browser remembered; None while it has not answered, or once it has been read.
    """
    memory = st.components.v2.component("vigie_memory", js=_script("memory.js"))
    answer = memory(
        key="memory",
        data={"read": read, "entries": history.dump() if read else [], "shown": shown},
        default={"memory": None},
        on_memory_change=lambda: None,
        height=1,
    )
    if read or not isinstance(answer.memory, str):
        return None
    return remembered(answer.memory)


def _script(name: str) -> str:
    return resources.files("sentiment_ui").joinpath(name).read_text(encoding="utf-8")
