"""The tokenizer of a folder of weights, with our cleaning in front of its own.

Built once, in training; what is built is what the bundle carries. Newer folders hold a `tokenizer.json`; for
older ones it is made from the vocabulary: BERT's `vocab.txt`, RoBERTa's `vocab.json` and `merges.txt`,
BERTweet's `vocab.txt` and `bpe.codes`.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tokenizers import Regex, Tokenizer
from tokenizers.models import BPE, WordPiece
from tokenizers.normalizers import BertNormalizer, Normalizer, Replace, Sequence
from tokenizers.pre_tokenizers import BertPreTokenizer, ByteLevel, Split
from tokenizers.processors import RobertaProcessing, TemplateProcessing

from sentiment import Cleaning
from sentiment.cleaning_patterns import LINKS, MENTIONS
from sentiment_training.encoders.bert_weights import require_embeddings
from sentiment_training.errors import OptionError

_READY = "tokenizer.json"
_BERTWEET_FILES = ("vocab.txt", "bpe.codes")
_ROBERTA_FILES = ("vocab.json", "merges.txt")
_BERT_FILES = ("vocab.txt",)
_BERT_UNKNOWN, _UNKNOWN = "[UNK]", "<unk>"
_PADDINGS = ("[PAD]", "<pad>")

# What BERTweet was trained with instead of links and mentions (Nguyen, Vu and Nguyen 2020); published data
# have words of their own there.
_BERTWEET_LINK = (rf"{LINKS}|(?<![\w@])(?:url|URL)(?!\w)", " HTTPURL ")
_BERTWEET_MENTION = (rf"{MENTIONS}|(?<![\w@])(?:user|USER)(?!\w)", " @USER ")
# Near to NLTK's TweetTokenizer, which cut BERTweet's texts: words with their inner marks, mentions and
# hashtags, emoticons, runs of dots, single signs.
_BERTWEET_PIECE = r"[@#]?\w+(?:['’\-]\w+)*|[:;=8][\-o*']?[)\](\[dDpP/:}{@|\\]|\.\.+|[^\s\w]"


def read_tokenizer(folder: Path, max_length: int, vocabulary: int, cleaning: Cleaning) -> Tokenizer:
    """Return the folder's tokenizer: cleaning first, cut at `max_length`, padded at the right.

    Parameters
    ----------
    vocabulary
        Rows of the embeddings. Numbers from there on, of which BERTweet's tokenizer has some, stand for what
        is unknown.
    cleaning
        What is done to a text before the weights' own tokenizer sees it.

    Raises
    ------
    OptionError
        If there is none, or it numbers more tokens than there are embeddings.
    """
    tokenizer = _read(folder, vocabulary)
    invents = (folder / _BERTWEET_FILES[1]).is_file() and not (folder / _READY).is_file()
    if not invents:
        require_embeddings(folder, tokenizer, vocabulary)
    return laid_out(tokenizer, max_length, cleaning)


def laid_out(tokenizer: Tokenizer, max_length: int, cleaning: Cleaning) -> Tokenizer:
    """Return it with our cleaning in front of its own, cut at `max_length`, padded at the right.

    Raises
    ------
    OptionError
        If it has no padding.
    """
    pad = next((each for each in _PADDINGS if tokenizer.token_to_id(each) is not None), None)
    if pad is None:
        raise OptionError(f"the weights' tokenizer has no padding, neither {' nor '.join(_PADDINGS)}")
    tokenizer.normalizer = _joined(_normalizer(tokenizer, cleaning), tokenizer.normalizer)
    tokenizer.enable_truncation(max_length)
    tokenizer.enable_padding(pad_id=tokenizer.get_vocab()[pad], pad_token=pad)
    return tokenizer


def _read(folder: Path, vocabulary: int) -> Tokenizer:
    try:
        if (folder / _READY).is_file():
            tokenizer = Tokenizer.from_file(str(folder / _READY))
        elif _holds(folder, _BERTWEET_FILES):
            tokenizer = _bertweet(folder, vocabulary)
        elif _holds(folder, _ROBERTA_FILES):
            tokenizer = _roberta(folder)
        elif _holds(folder, _BERT_FILES):
            tokenizer = _bert(folder)
        else:
            raise OptionError(
                f"{folder} holds no tokenizer; what can be read is {_READY}, "
                f"{' with '.join(_BERTWEET_FILES)}, {' with '.join(_ROBERTA_FILES)}, or {_BERT_FILES[0]}"
            )
    except OptionError:
        raise
    except Exception as error:  # tokenizers knows only Exception
        raise OptionError(f"{folder}: its tokenizer cannot be read ({error})") from error
    return tokenizer


def _holds(folder: Path, names: tuple[str, ...]) -> bool:
    return all((folder / name).is_file() for name in names)


def _normalizer(tokenizer: Tokenizer, cleaning: Cleaning) -> Normalizer:
    """Compile the cleaning, with BERTweet's own words for links and mentions where it is BERTweet's."""
    if not {"@USER", "@USER</w>"} & tokenizer.get_vocab().keys():
        return cleaning.normalizer()
    words: list[Normalizer] = []
    # Instead of ours, not after: each makes a text longer, and a bundle may do so only so often.
    if cleaning.links == "token":
        words.append(Replace(Regex(_BERTWEET_LINK[0]), _BERTWEET_LINK[1]))
        cleaning = replace(cleaning, links="kept")
    if cleaning.mentions == "token":
        words.append(Replace(Regex(_BERTWEET_MENTION[0]), _BERTWEET_MENTION[1]))
        cleaning = replace(cleaning, mentions="kept")
    return Sequence([*words, cleaning.normalizer()])


def _joined(ours: Normalizer, theirs: Normalizer | None) -> Normalizer:
    return ours if theirs is None else Sequence([ours, theirs])


def _bert(folder: Path) -> Tokenizer:
    lines = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    vocabulary = {token.rstrip(): number for number, token in enumerate(lines)}
    settings = _settings(folder)
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token=_BERT_UNKNOWN))
    tokenizer.normalizer = BertNormalizer(lowercase=bool(settings.get("do_lower_case", True)))
    tokenizer.pre_tokenizer = BertPreTokenizer()
    first, last = vocabulary["[CLS]"], vocabulary["[SEP]"]
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", first), ("[SEP]", last)]
    )
    return tokenizer


def _roberta(folder: Path) -> Tokenizer:
    tokenizer = Tokenizer(BPE.from_file(*(str(folder / name) for name in _ROBERTA_FILES)))
    vocabulary = tokenizer.get_vocab()
    tokenizer.pre_tokenizer = ByteLevel(add_prefix_space=bool(_settings(folder).get("add_prefix_space")))
    ends = ("</s>", vocabulary["</s>"]), ("<s>", vocabulary["<s>"])
    tokenizer.post_processor = RobertaProcessing(*ends, add_prefix_space=False)
    return tokenizer


def _bertweet(folder: Path, vocabulary: int) -> Tokenizer:
    """BERTweet's byte-pair encoding, written as `tokenizers` has it.

    fastBPE marks a piece that does not end its word (`fli@@ ght`), `tokenizers` one that does (`ght</w>`).
    Pieces that only occur on the way to longer ones have no number in BERTweet's vocabulary; here they get
    numbers after all others, and what is left of them in a text is unknown to the weights.
    """
    numbers = {"<s>": 0, "<pad>": 1, "</s>": 2, _UNKNOWN: 3}
    for line in (folder / "vocab.txt").read_text(encoding="utf-8").splitlines():
        piece = line.rsplit(" ", 1)[0]
        named = piece.removesuffix("@@") if piece.endswith("@@") else piece + "</w>"
        numbers.setdefault(named, len(numbers))
    merges = []
    for line in (folder / "bpe.codes").read_text(encoding="utf-8").splitlines():
        first, second, *_count = line.split(" ")
        merges.append((first, second))
        for piece in (first, second, first + second):
            if piece not in numbers:
                numbers[piece] = max(vocabulary, len(numbers))
                vocabulary = numbers[piece] + 1
    tokenizer = Tokenizer(BPE(numbers, merges, unk_token=_UNKNOWN, end_of_word_suffix="</w>"))
    tokenizer.pre_tokenizer = Split(Regex(_BERTWEET_PIECE), behavior="removed", invert=True)
    tokenizer.post_processor = RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return tokenizer


def _settings(folder: Path) -> Mapping[str, object]:
    path = folder / "tokenizer_config.json"
    settings: Mapping[str, object] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return settings
