"""A version to train on: its bundle, whose graph is read back into the numbers it was written from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import GraphProto, numpy_helper
from tokenizers import Tokenizer

from sentiment import Bundle, tokenizer_from_json
from sentiment.errors import BundleError
from sentiment.manifest import GRAPH, MANIFEST, TOKENIZER
from sentiment_training.errors import OptionError

Array = npt.NDArray[np.float32]


def is_version(weights: str) -> bool:
    """Whether what `weights` names is the folder of a bundle."""
    return (Path(weights) / MANIFEST).is_file()


def check_version(weights: str, family: str, own: Sequence[str], given: Mapping[str, str]) -> None:
    """Raise OptionError unless a training can begin with this version.

    Parameters
    ----------
    own
        Options that a version brings with it, and that a training of it cannot choose again.
    given
        The options that a person named.
    """
    if twice := next((name for name in own if name in given), None):
        raise OptionError(f"weights={weights} is a version, which has its own {twice}; leave {twice} out")
    _opened(Path(weights), family)


def _opened(folder: Path, family: str) -> Bundle:
    try:
        bundle = Bundle.open(folder)
    except BundleError as error:
        raise OptionError(f"weights={folder} is a bundle that cannot be used: {error}") from error
    if (its := bundle.manifest.family) != family:
        raise OptionError(f"weights={folder} is a version of the family {its}, not {family}")
    return bundle


@dataclass(frozen=True)
class Version:
    """What a version's bundle holds.

    Attributes
    ----------
    name
        By which a run says what it began with; the folder may be anywhere.
    """

    name: str
    tokenizer: Tokenizer
    graph: GraphProto
    constants: Mapping[str, npt.NDArray[np.generic]]

    @classmethod
    def read(cls, folder: Path, family: str) -> "Version":
        """Read a bundle.

        Raises
        ------
        OptionError
            If it is damaged, or of another family.
        """
        bundle = _opened(folder, family)
        graph = onnx.load_model(folder / GRAPH).graph
        return cls(
            name=f"version-{bundle.sha256[:12]}",
            tokenizer=tokenizer_from_json((folder / TOKENIZER).read_text(encoding="utf-8")),
            graph=graph,
            constants={each.name: numpy_helper.to_array(each) for each in graph.initializer},
        )

    @property
    def max_length(self) -> int:
        """Tokens of a text that count."""
        return int((self.tokenizer.truncation or {})["max_length"])

    def floats(self, name: str) -> Array:
        """A constant as it was given."""
        return np.asarray(self.constants[name], np.float32)

    def matrix(self, name: str, kind: str) -> Array:
        """A matrix as floats, also where `GraphWriter` keeps it in bytes: a `table` or a `weight`."""
        kept = self.floats(f"{name}.{kind}")
        steps = f"{name}.steps"
        return kept * self.floats(steps) if steps in self.constants else kept
