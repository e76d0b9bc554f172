"""Weights by their name on the Hugging Face hub (`owner/name`), fetched once."""
# ruff: noqa: PLC0415 - what fetches comes with an extra

import logging
import textwrap
from pathlib import Path

from sentiment_training.encoders.bert_weights import CONFIG
from sentiment_training.errors import OptionError

_USUAL = "distilbert/distilbert-base-uncased, google-bert/bert-base-uncased, FacebookAI/roberta-base"
_LONGEST_REASON = 200
_PATTERNS = ("*.json", "*.txt", "*.codes", "*.safetensors")


def check_name(option: str, name: str) -> None:
    """Raise OptionError unless `name` is one that a hub has; fetches no more than a config.

    Parameters
    ----------
    option
        By which it was given.
    """
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        raise OptionError(
            f"{option}={name}: there is no such folder, and a hub's names look like owner/name: {_USUAL}"
        )
    _require(option, name)
    from huggingface_hub import hf_hub_download

    # It says each of its tries, and its last words are told anyway.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    try:
        hf_hub_download(name, CONFIG)
    except _errors() as error:
        raise _not_fetched(option, name, error) from error


def fetched(option: str, name: str) -> Path:
    """Return the folder of weights that the hub has under a name.

    Raises
    ------
    OptionError
        As `check_name` does, or if they cannot be fetched.
    """
    check_name(option, name)
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=list(_PATTERNS)))
    except _errors() as error:
        raise _not_fetched(option, name, error) from error


def _require(option: str, name: str) -> None:
    try:
        import huggingface_hub  # noqa: F401 - whether it is there
    except ImportError as error:
        raise OptionError(
            f"{option}={name}: there is no such folder, and what fetches from the hub is not installed; run "
            "`uv sync --all-packages --extra encoder`"
        ) from error


def _not_fetched(option: str, name: str, error: Exception) -> OptionError:
    first = textwrap.shorten(str(error).strip().partition("\n")[0], _LONGEST_REASON, placeholder=" …")
    return OptionError(
        f"{option}={name}: there is no such folder, and it cannot be fetched from the hub ({first}); "
        f"give a folder with {CONFIG}, weights as safetensors and the tokenizer's files, or the word minilm"
    )


def _errors() -> tuple[type[Exception], ...]:
    from httpx import HTTPError
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    # What stands between here and a hub raises all of these.
    return (HfHubHTTPError, HFValidationError, HTTPError, OSError, ValueError)
