"""The model families. Each trains with its own library and leaves the same kind of bundle."""

from collections.abc import Mapping
from types import MappingProxyType

from sentiment_training.families.classic import CLASSIC
from sentiment_training.families.deep import NETWORK_FAMILIES
from sentiment_training.families.encoder import EncoderFamily
from sentiment_training.families.family import Examples, Family, FittedModel, Work
from sentiment_training.families.transformer import TransformerFamily

_EVERY: tuple[Family, ...] = (
    *CLASSIC.values(),
    *NETWORK_FAMILIES,
    EncoderFamily(),
    TransformerFamily(),
)
FAMILIES: Mapping[str, Family] = MappingProxyType({family.name: family for family in _EVERY})

__all__ = ["FAMILIES", "Examples", "Family", "FittedModel", "Work"]
