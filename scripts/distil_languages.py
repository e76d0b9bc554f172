"""Makes `sentiment/src/sentiment/languages.npz`: a small language identifier out of py3langid's large one.

Run it with: uv run --with py3langid==0.4.0 scripts/distil_languages.py

py3langid (BSD-3-Clause, Barbaresi; after langid.py, BSD-2-Clause, Lui and Baldwin 2012) knows 139 languages
by 100,053 byte n-grams, takes 87 MB of memory and says well how sure it is. Kept here are the languages that
tweets come in and, of each, the n-grams that say most about it; their weights in bytes, and the automaton
that finds the longest n-gram ending at each byte.
"""

from collections import deque
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from sentiment import LANGUAGE_NAMES

TARGET = Path(__file__).parents[1] / "sentiment/src/sentiment/languages.npz"
LANGUAGES = {*LANGUAGE_NAMES, "zxx"}  # the last: numbers, signs, names of files
# Written so much alike that a tweet cannot be told from one of the others.
SAME = {"ms": "id", "arz": "ar", "pcm": "en", "nn": "no", "bs": "hr", "wuu": "zh", "yue": "zh"}
NGRAMS_OF_EACH = 300
STEPS = 255


def main() -> None:
    """Read the large model, write the small one."""
    large = LanguageIdentifier.from_model_file(MODEL_FILE)
    weights, prior, codes = _by_language(large)
    ngrams = _ngrams(large)
    # How much an n-gram adds to a text's evidence for a language, by how often it occurs in it.
    frequency = np.exp(weights)
    telling = frequency * (weights - np.log(frequency.mean(axis=1, keepdims=True)))
    best = np.argsort(-telling, axis=0)[:NGRAMS_OF_EACH]
    chosen = np.unique(best)
    low, high = float(weights[chosen].min()), float(weights[chosen].max())
    step = (high - low) / STEPS
    moves, row, found = _automaton([ngrams[each] for each in chosen])
    np.savez_compressed(
        TARGET,
        codes=np.array(codes),
        prior=prior.astype(np.float32),
        weights=np.rint((weights[chosen] - low) / step).astype(np.uint8),
        scale=np.array([step, low], np.float32),
        moves=moves,
        row=row,
        found=found,
    )
    size = TARGET.stat().st_size
    print(f"{len(codes)} languages, {len(chosen):,} n-grams, {len(row):,} states, {size:,} bytes")


def _by_language(large: LanguageIdentifier) -> tuple[NDArray[np.float64], NDArray[np.float64], list[str]]:
    """Join the columns of languages that count as one: their n-grams are equally likely in either."""
    columns: dict[str, list[int]] = {}
    for column, code in enumerate(large.nb_classes):
        kept = SAME.get(code, code)
        if kept in LANGUAGES:
            columns.setdefault(kept, []).append(column)
    table, prior = large.nb_ptc.astype(np.float64), large.nb_pc.astype(np.float64)
    weights = [np.log(np.exp(table[:, each]).mean(axis=1)) for each in columns.values()]
    return (
        np.stack(weights, axis=1),
        np.array([prior[each].max() for each in columns.values()]),
        list(columns),
    )


def _ngrams(large: LanguageIdentifier) -> dict[int, bytes]:
    """Spell each n-gram: the shortest way through py3langid's automaton that ends in it."""
    spelled: dict[int, bytes] = {}
    reached = {0: b""}
    waiting = deque([0])
    while waiting:
        state = waiting.popleft()
        start = large.tk_row[state] << 8
        for byte in range(256):
            following = large.tk_nextmove[start + byte]
            if following not in reached:
                reached[following] = reached[state] + bytes([byte])
                waiting.append(following)
                if large.tk_output[following] >= 0:
                    spelled.setdefault(large.tk_output[following], reached[following])
    return spelled


def _automaton(ngrams: list[bytes]) -> tuple[NDArray[np.uint16], NDArray[np.uint16], NDArray[np.int32]]:
    """Build Aho and Corasick's automaton (1975), each distinct row of moves kept once."""
    trie: list[dict[int, int]] = [{}]
    found = [-1]
    for number, ngram in enumerate(ngrams):
        state = 0
        for byte in ngram:
            if byte not in trie[state]:
                trie[state][byte] = len(trie)
                trie.append({})
                found.append(-1)
            state = trie[state][byte]
        found[state] = number
    moves = np.zeros((len(trie), 256), np.uint16)
    fallback = [0] * len(trie)
    waiting = deque([0])
    while waiting:
        state = waiting.popleft()
        if state:
            moves[state] = moves[fallback[state]]
            if found[state] < 0:
                found[state] = found[fallback[state]]
        for byte, child in trie[state].items():
            fallback[child] = int(moves[state, byte])
            moves[state, byte] = child
            waiting.append(child)
    distinct, row = np.unique(moves, axis=0, return_inverse=True)
    return distinct, row.ravel().astype(np.uint16), np.array(found, np.int32)


if __name__ == "__main__":
    main()
