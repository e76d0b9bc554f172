"""The domain core: text in, label and probability out, from a bundle that holds data and no code."""

from sentiment.bundle import Bundle, ForeignText, Prediction
from sentiment.cleaning import Cleaning, splitter
from sentiment.language import LANGUAGE_NAMES, foreign_language, language_names
from sentiment.manifest import Golden, Label, Manifest, Provenance
from sentiment.tokenizer_file import tokenizer_from_json, tokenizer_json
from sentiment.writing import write_bundle

__all__ = [
    "LANGUAGE_NAMES",
    "Bundle",
    "Cleaning",
    "ForeignText",
    "Golden",
    "Label",
    "Manifest",
    "Prediction",
    "Provenance",
    "foreign_language",
    "language_names",
    "splitter",
    "tokenizer_from_json",
    "tokenizer_json",
    "write_bundle",
]
