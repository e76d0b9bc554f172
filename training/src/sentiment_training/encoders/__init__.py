"""Frozen sentence encoders: read from where they lie, written as ONNX, asked with ONNX Runtime.

Training and the exported bundle share one graph and one tokenizer, so they cannot disagree about a text.
"""

from sentiment_training.encoders.encoder import SentenceEncoder
from sentiment_training.encoders.finding import check_encoder, open_encoder

__all__ = ["SentenceEncoder", "check_encoder", "open_encoder"]
