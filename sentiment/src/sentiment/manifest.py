"""`bundle.json`: what a bundle says about itself, read strictly and written in one way."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, cast

from sentiment.errors import FormatVersionError, ManifestError

FORMAT_VERSION = 1
TOKENIZER = "tokenizer.json"
GRAPH = "model.onnx"
MANIFEST = "bundle.json"

Label = Literal["negative", "positive"]
LABELS: tuple[Label, Label] = ("negative", "positive")

# A tolerance above this would let a bundle disagree with its training and still pass.
_LARGEST_GOLDEN_TOLERANCE = 0.01
_MOST_GOLDEN_TEXTS = 1_000
_LONGEST_GOLDEN_TEXT = 10_000  # characters
_LANGUAGE_CODE = re.compile("[a-z]{2,3}")
_ORIGINS = ("dataset_fingerprint", "git_commit", "run_id", "created_at")
_LONGEST_INPUT = 4_096  # tokens; ten times what any tweet needs


@dataclass(frozen=True)
class FileEntry:
    """What a file of the bundle must be: its sha256 (hexadecimal) and its size in bytes."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class Golden:
    """A text and the probability of *positive*, in [0, 1], that training measured for it."""

    text: str
    probability: float


@dataclass(frozen=True)
class Provenance:
    """Where a bundle came from. Empty where it is not known.

    Attributes
    ----------
    dataset_fingerprint
        sha256 over the training texts and labels.
    git_commit
        Of the code that trained it, with `-dirty` where the tree had changes.
    run_id
        The MLflow run.
    created_at
        ISO 8601, UTC.
    languages
        ISO 639-1 codes of the languages that the model learned to read. `bundle.json` names them at its top:
        they decide what is answered.
    """

    dataset_fingerprint: str = ""
    git_commit: str = ""
    run_id: str = ""
    created_at: str = ""
    languages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """The content of `bundle.json`.

    Attributes
    ----------
    family
        Of models: `logreg` and so on.
    threshold
        The label is *positive* from this probability on; in (0, 1).
    max_length
        Tokens of a text that count; the rest is cut off.
    calibration
        How the probabilities were calibrated; the graph has it applied already.
    files
        Name → hash and size, of every file but `bundle.json` itself.
    golden
        At least one.
    golden_tolerance
        Largest difference in probability that counts as equal; in (0, 0.01].
    """

    family: str
    threshold: float
    max_length: int
    files: Mapping[str, FileEntry]
    golden: Sequence[Golden]
    golden_tolerance: float = 1e-4
    calibration: str = "none"
    provenance: Provenance = Provenance()
    labels: tuple[Label, Label] = LABELS
    format_version: int = FORMAT_VERSION

    @property
    def languages(self) -> tuple[str, ...]:
        """ISO 639-1 codes of the languages that the model reads; none where nobody said so."""
        return self.provenance.languages

    def to_json(self) -> str:
        """Return the text of `bundle.json`."""
        content = asdict(self) | {"calibration": {"method": self.calibration}}
        if languages := content["provenance"].pop("languages"):
            content["languages"] = languages
        return json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def parse_manifest(raw: bytes) -> Manifest:
    """Read `bundle.json`. Unknown keys are left for later versions of the format to explain.

    Raises
    ------
    FormatVersionError
        If it was written for another version of the format.
    ManifestError
        If it is no JSON object, or a value is missing, of the wrong type or out of range.
    """
    try:
        # RecursionError: brackets nested thousands deep.
        content = json.loads(raw.decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ManifestError(f"{MANIFEST} is not JSON in UTF-8: {error}") from error
    top = _object(content, "the whole file")
    version = _integer(top, "format_version", 0, 2**31)
    if version != FORMAT_VERSION:
        raise FormatVersionError(
            f"{MANIFEST}: format version {version} is not known here, only {FORMAT_VERSION}; "
            "update this installation or export the model again"
        )
    if top.get("labels") != list(LABELS):
        raise ManifestError(f"{MANIFEST}: labels must be {list(LABELS)}, not {top.get('labels')!r:.100}")
    provenance = _object(top.get("provenance", {}), "provenance")
    golden = top.get("golden")
    if not isinstance(golden, list) or not 1 <= len(golden) <= _MOST_GOLDEN_TEXTS:
        raise ManifestError(f"{MANIFEST}: golden must be a list of 1 to {_MOST_GOLDEN_TEXTS} texts")
    return Manifest(
        family=_text(top, "family"),
        threshold=_number(top, "threshold", 1e-6, 1 - 1e-6),
        max_length=_integer(top, "max_length", 1, _LONGEST_INPUT),
        files={name: _file_entry(top, name) for name in (TOKENIZER, GRAPH)},
        golden=tuple(_golden(item, index) for index, item in enumerate(golden)),
        golden_tolerance=_number(top, "golden_tolerance", 1e-9, _LARGEST_GOLDEN_TOLERANCE),
        calibration=_text(_object(top.get("calibration"), "calibration"), "method"),
        provenance=Provenance(
            **{key: _text(provenance, key) for key in _ORIGINS if key in provenance},
            languages=_languages(top.get("languages", [])),
        ),
    )


def _languages(value: object) -> tuple[str, ...]:
    codes = value if isinstance(value, list) else [value]
    for code in codes:
        if not (isinstance(code, str) and _LANGUAGE_CODE.fullmatch(code)):
            raise ManifestError(f"{MANIFEST}: languages must be codes such as en or fr, not {code!r:.100}")
    return tuple(codes)


def _file_entry(top: Mapping[str, object], name: str) -> FileEntry:
    files = _object(top.get("files"), "files")
    if name not in files:
        raise ManifestError(f"{MANIFEST}: files does not name {name}")
    entry = _object(files[name], f"files[{name}]")
    return FileEntry(sha256=_text(entry, "sha256"), bytes=_integer(entry, "bytes", 0, 2**40))


def _golden(item: object, index: int) -> Golden:
    entry = _object(item, f"golden[{index}]")
    text = _text(entry, "text")
    if len(text) > _LONGEST_GOLDEN_TEXT:
        raise ManifestError(f"{MANIFEST}: golden[{index}] is longer than {_LONGEST_GOLDEN_TEXT:,} characters")
    return Golden(text=text, probability=_number(entry, "probability", 0, 1))


def _object(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ManifestError(f"{MANIFEST}: {where} must be an object, not {type(value).__name__}")
    return cast("Mapping[str, object]", value)  # JSON's keys are strings


def _text(entry: Mapping[str, object], key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str):
        raise ManifestError(f"{MANIFEST}: {key} must be a text, not {value!r:.100}")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ManifestError(f"{MANIFEST}: {key} holds half of a surrogate pair") from error
    return value


def _number(entry: Mapping[str, object], key: str, low: float, high: float) -> float:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ManifestError(f"{MANIFEST}: {key} must be a number, not {value!r:.100}")
    if not low <= value <= high:
        raise ManifestError(f"{MANIFEST}: {key} must lie in [{low}, {high}], not at {value!r:.100}")
    return float(value)


def _integer(entry: Mapping[str, object], key: str, low: int, high: int) -> int:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ManifestError(f"{MANIFEST}: {key} must be a whole number, not {value!r:.100}")
    if not low <= value <= high:
        raise ManifestError(f"{MANIFEST}: {key} must lie in [{low}, {high}], not at {value!r:.100}")
    return value
