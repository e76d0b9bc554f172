"""What can go wrong in the core, as one small tree.

VigieError
├── CleaningError                a choice of cleaning steps cannot be understood
└── BundleError                  a model bundle cannot be used
    ├── MissingFileError         a file of the bundle is not there
    ├── OversizedFileError       a file is larger than any bundle of ours may be
    ├── ManifestError            bundle.json does not say what it must
    │   └── FormatVersionError   … was written for another version of the format
    ├── HashMismatchError        a file is not the one that bundle.json describes
    ├── TokenizerError           tokenizer.json cannot be read
    ├── UnsafeGraphError         model.onnx asks for more than arithmetic on its own weights
    ├── GraphError               model.onnx cannot be loaded or run, or has other inputs or outputs
    └── GoldenMismatchError      the bundle does not compute what training measured
"""


class VigieError(Exception):
    """Anything that Vigie's own code raises on purpose."""


class CleaningError(VigieError):
    """A choice of cleaning steps cannot be understood."""


class BundleError(VigieError):
    """A model bundle cannot be used."""


class MissingFileError(BundleError):
    """A file of the bundle is not there."""


class OversizedFileError(BundleError):
    """A file is larger than any bundle of ours may be."""


class ManifestError(BundleError):
    """bundle.json does not say what it must."""


class FormatVersionError(ManifestError):
    """bundle.json was written for another version of the format."""


class HashMismatchError(BundleError):
    """A file is not the one that bundle.json describes."""


class TokenizerError(BundleError):
    """tokenizer.json cannot be read."""


class UnsafeGraphError(BundleError):
    """model.onnx asks for more than arithmetic on its own weights."""


class GraphError(BundleError):
    """model.onnx cannot be loaded or run, or has other inputs or outputs than a bundle's."""


class GoldenMismatchError(BundleError):
    """The bundle does not compute the probabilities that training measured."""
