"""This visitor's own history: what was read, newest first, and what was reported."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter, ValidationError

from sentiment_ui.client import Label, Prediction

LIMIT: Final = 20
# A browser's storage is the visitor's to edit: no more than this is read back.
_LONGEST_MEMORY: Final = 1_000_000


class Entry(BaseModel):
    """One tweet and its answer; ``probability`` is that of *positive*."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    id: str
    text: str
    label: Label
    probability: float
    model_version: str
    at: AwareDatetime
    expected: Label | None = None


_ENTRIES: Final = TypeAdapter(list[Entry])


@dataclass(frozen=True)
class History:
    """The last entries, newest first, at most `LIMIT`."""

    entries: tuple[Entry, ...] = ()

    def with_new(self, entry: Entry) -> "History":
        """Put an entry on top; the same answer twice in a row stays one entry."""
        if self.entries and _same_answer(self.entries[0], entry):
            return self
        return History((entry, *self.entries)[:LIMIT])

    def with_report(self, entry_id: str, expected: Label) -> "History":
        """Note what the visitor said about an entry."""
        return History(
            tuple(
                entry.model_copy(update={"expected": expected}) if entry.id == entry_id else entry
                for entry in self.entries
            )
        )

    def with_older(self, older: Sequence[Entry]) -> "History":
        """Add what the browser still knew from an earlier visit."""
        known = {entry.id for entry in self.entries}
        return History((*self.entries, *(entry for entry in older if entry.id not in known))[:LIMIT])

    def dump(self) -> list[dict[str, object]]:
        """Plain values for the browser to keep."""
        return [entry.model_dump(mode="json") for entry in self.entries]


def new_entry(text: str, prediction: Prediction, at: datetime) -> Entry:
    """Make the entry for an answer that just arrived."""
    return Entry(
        id=uuid.uuid4().hex,
        text=text,
        label=prediction.label,
        probability=prediction.probability,
        model_version=prediction.model_version,
        at=at,
    )


def remembered(memory: str) -> list[Entry]:
    """Read what the browser kept; anything that is no history of ours counts as none."""
    if len(memory) > _LONGEST_MEMORY:
        return []
    try:
        return _ENTRIES.validate_json(memory)[:LIMIT]
    except ValidationError:
        return []


def _same_answer(one: Entry, other: Entry) -> bool:
    return (one.text, one.label, one.probability, one.model_version) == (
        other.text,
        other.label,
        other.probability,
        other.model_version,
    )
