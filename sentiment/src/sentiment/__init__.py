"""The domain core: text in, label and probability out, from a bundle that holds data and no code."""

from sentiment.bundle import Bundle, Prediction
from sentiment.cleaning import Cleaning, splitter
from sentiment.manifest import Golden, Label, Manifest, Provenance
from sentiment.writing import tokenizer_json, write_bundle

__all__ = [
    "Bundle",
    "Cleaning",
    "Golden",
    "Label",
    "Manifest",
    "Prediction",
    "Provenance",
    "splitter",
    "tokenizer_json",
    "write_bundle",
]
