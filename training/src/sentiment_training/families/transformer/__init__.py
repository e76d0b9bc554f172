"""A pre-trained transformer, fine-tuned with Keras and served as an ONNX graph of our own."""

from sentiment_training.families.transformer.family import TransformerFamily
from sentiment_training.families.transformer.options import TransformerOptions

__all__ = ["TransformerFamily", "TransformerOptions"]
