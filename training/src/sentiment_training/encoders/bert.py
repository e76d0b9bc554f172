"""BERT-like encoders as hubs keep them: a folder with `config.json`, weights and `tokenizer.json`.

Devlin et al. 2019. The sentence's vector is the mean of the tokens' vectors, cut to unit length, as the
sentence-transformers (Reimers and Gurevych 2019) pool it. Weights are kept in bytes.
"""

import hashlib
import math
from pathlib import Path

from tokenizers import Tokenizer

from sentiment import tokenizer_from_json
from sentiment_training.encoders.bert_graph import encode
from sentiment_training.encoders.bert_weights import (
    CONFIG,
    EncoderWeights,
    check_folder,
    read_weights,
    require_embeddings,
    weight_files,
)
from sentiment_training.encoders.encoder import SentenceEncoder
from sentiment_training.encoders.pooling import mean_of_tokens, unit_length
from sentiment_training.errors import OptionError
from sentiment_training.graph_writing import GraphWriter

_TOKENIZER = "tokenizer.json"
_PARTS = 4
_UNIT_EPSILON = 1e-24  # the square of the 1e-12 that PyTorch's `normalize` takes


def check_bert_folder(folder: Path) -> None:
    """See that the folder holds such an encoder.

    Raises
    ------
    OptionError
        If a file is missing, or `config.json` describes another architecture.
    """
    if not (folder / _TOKENIZER).is_file():
        raise OptionError(
            f"{folder / _TOKENIZER} is not there; encoder is use, minilm, e5, a name on the hub such as "
            f"sentence-transformers/all-MiniLM-L6-v2, or a folder that holds {CONFIG}, the weights as "
            f"safetensors, and {_TOKENIZER}"
        )
    check_folder(folder)


def read_bert(folder: Path) -> tuple[str, EncoderWeights, Tokenizer]:
    """Read a folder that was checked: its digest, the weights, and a tokenizer without cutting and padding.

    Raises
    ------
    OptionError
        If a weight is missing, or the tokenizer cannot be read or is not that of the weights.
    """
    digest = hashlib.sha256()
    for each in (folder / CONFIG, *weight_files(folder), folder / _TOKENIZER):
        digest.update(each.read_bytes())
    try:
        tokenizer = tokenizer_from_json((folder / _TOKENIZER).read_text(encoding="utf-8"))
    except Exception as error:  # tokenizers knows only Exception
        raise OptionError(f"{folder / _TOKENIZER} cannot be read ({error}); fetch it again") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    weights = read_weights(folder)
    require_embeddings(folder, tokenizer, len(weights.tokens))
    return digest.hexdigest(), weights, tokenizer


def sentence_encoder(
    name: str, digest: str, weights: EncoderWeights, tokenizer: Tokenizer
) -> SentenceEncoder:
    """Write the graph, with weights in bytes, of an encoder whose sentence is the mean of its tokens.

    Its tokens' vectors are those of four layers, a quarter of the encoder apart: the last one knows best what
    a text is about, and those before it more of how that is said (docs/figures.md).
    """
    graph = GraphWriter()
    layers = encode(graph, weights, quantised=True)
    apart = dict.fromkeys(layers[math.ceil(len(layers) * part / _PARTS) - 1] for part in range(1, 1 + _PARTS))
    return SentenceEncoder(
        name=name,
        digest=digest,
        tokenizer=tokenizer,
        graph=graph,
        sentence=unit_length(graph, mean_of_tokens(graph, layers[-1]), _UNIT_EPSILON),
        sentence_width=weights.width,
        states=graph.node("Concat", *apart, axis=-1),
        state_width=len(apart) * weights.width,
        longest=weights.longest,
        pad_id=tokenizer.token_to_id("[PAD]") or tokenizer.token_to_id("<pad>") or 0,
    )
