"""A tokenizer as text, and back: what `tokenizers` itself loses on the way, or takes for something else."""

import json

from tokenizers import Tokenizer


def tokenizer_json(tokenizer: Tokenizer) -> str:
    """Return what `tokenizer.to_str()` does, with every word of a vocabulary in which several share an id.

    A word-level vocabulary may give *delayed* and *delays* the id of *delay*. `tokenizers` reads and uses
    such a file as it stands, but writes one word an id only.
    """
    text = tokenizer.to_str()
    content = json.loads(text)
    words = tokenizer.get_vocab(with_added_tokens=False)
    if content["model"]["type"] != "WordLevel" or len(words) == len(set(words.values())):
        return text
    content["model"]["vocab"] = dict(sorted(words.items(), key=lambda item: (item[1], item[0])))
    return json.dumps(content, ensure_ascii=False)


def tokenizer_from_json(text: str) -> Tokenizer:
    """Read what `tokenizer_json` wrote. In a text, `[PAD]` or `</s>` is what somebody wrote, nothing special.

    `tokenizers` takes them for padding and the like wherever they stand, unless told otherwise, which its
    file cannot say.

    Raises
    ------
    Exception
        If the text is no tokenizer's; `tokenizers` knows no other, and Rust's panics are not even that.
    """
    tokenizer = Tokenizer.from_str(text)
    tokenizer.encode_special_tokens = True
    return tokenizer
