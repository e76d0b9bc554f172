"""A unigram vocabulary cut down to what texts use: most of XLM-R's 250,000 pieces are of other languages.

Abdaoui, Pradel and Sigel 2020, "Load What You Need: Smaller Versions of Multilingual BERT". What is left out
is cut into smaller pieces that are kept, as the unigram model itself chooses (Kudo 2018).
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from sentiment import tokenizer_from_json
from sentiment_training.encoders.bert_weights import EncoderWeights
from sentiment_training.encoders.unigram import WORD_START
from sentiment_training.progress import Progress

Pruning = Callable[[EncoderWeights, Tokenizer], tuple[EncoderWeights, Tokenizer]]

_TEXTS_AT_ONCE = 16_384
_RARE = 10_000  # texts to one in which a character is still usual


def whole(weights: EncoderWeights, tokenizer: Tokenizer) -> tuple[EncoderWeights, Tokenizer]:
    """Keep every piece."""
    return weights, tokenizer


def pruned(
    weights: EncoderWeights, tokenizer: Tokenizer, texts: Sequence[str], most: int, progress: Progress
) -> tuple[EncoderWeights, Tokenizer]:
    """Keep the pieces that texts use most, and their embeddings.

    Where there is room for more, it goes to pieces spelled with the texts' usual characters, and among those
    to the ones that the unigram model finds most likely. Special ones and ASCII's characters always stay: no
    address and no price becomes unknown.

    Parameters
    ----------
    most
        Pieces that are kept; 0 keeps all. All are kept, too, where the tokenizer is of another kind.
    """
    content = json.loads(tokenizer.to_str())
    vocabulary = content["model"]["vocab"]
    if content["model"]["type"] != "Unigram" or not 0 < most < len(vocabulary):
        return weights, tokenizer
    stays = np.array([_is_ascii_character(piece) for piece, _ in vocabulary])
    stays[[holder[key] for holder, key in _special_numbers(content)]] = True
    used = _counts(tokenizer, texts, len(vocabulary), progress)
    likelihood = np.array([score for _, score in vocabulary])
    usual = _usual_characters(vocabulary, used, len(texts))
    foreign = np.array([not usual.issuperset(piece) for piece, _ in vocabulary])
    first = np.lexsort((-likelihood, foreign, -used, ~stays))
    kept = np.sort(first[: max(most, int(stays.sum()))])
    content["model"]["vocab"] = [vocabulary[number] for number in kept]
    for holder, key in _special_numbers(content):
        holder[key] = int(np.searchsorted(kept, holder[key]))
    return replace(weights, tokens=weights.tokens[kept]), tokenizer_from_json(json.dumps(content))


def _usual_characters(
    vocabulary: Sequence[tuple[str, float]], used: npt.NDArray[np.int64], texts: int
) -> set[str]:
    """Characters of the texts' languages: a name in another script, once in a while, brings none."""
    times: Counter[str] = Counter()
    for (piece, _), count in zip(vocabulary, used.tolist(), strict=True):
        times.update(dict.fromkeys(piece, count))
    return {character for character, count in times.items() if count * _RARE >= texts}


def _is_ascii_character(piece: str) -> bool:
    bare = piece.removeprefix(WORD_START)
    return len(bare) <= 1 and bare.isascii()


def _special_numbers(content: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Where a tokenizer's file names a token by its number: what holds it, and at which key."""
    yield content["model"], "unk_id"
    for added in content["added_tokens"]:
        yield added, "id"
    around = content["post_processor"] or {}
    for special in around.get("special_tokens", {}).values():
        for place in range(len(special["ids"])):
            yield special["ids"], place
    for name in ("cls", "sep"):
        if name in around:
            yield around[name], 1
    if content["padding"]:
        yield content["padding"], "pad_id"


def _counts(
    tokenizer: Tokenizer, texts: Sequence[str], size: int, progress: Progress
) -> npt.NDArray[np.int64]:
    counts = np.zeros(size, np.int64)
    with progress.step("count pieces", len(texts)) as advance:
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            some = list(texts[start : start + _TEXTS_AT_ONCE])
            found = Counter(number for each in tokenizer.encode_batch_fast(some) for number in each.ids)
            counts[list(found.keys())] += np.fromiter(found.values(), np.int64)
            advance(len(some))
    return counts
