"""What can go wrong in training, as one small tree.

VigieError
└── TrainingError
    ├── OptionError                 an option of the command cannot be used
    ├── RecipeError                 a recipe file cannot be used
    ├── DatasetError                a data set cannot be used
    │   ├── DatasetNotFoundError    there is no such file, package or member of a zip
    │   ├── UnreadableFileError     the file is damaged or no CSV, parquet or zip
    │   ├── NotUtf8Error            a CSV holds bytes that are no UTF-8
    │   ├── MissingColumnsError     the columns `text` and `label` are not both there
    │   ├── BadValueError           a cell holds what its column does not allow
    │   ├── EmptyDatasetError       no labelled row is left
    │   └── OneClassError           all rows have the same label
    ├── TrackingError               MLflow cannot do what was asked
    │   ├── UnreachableError        it does not answer, or its server is at fault
    │   ├── UnknownVersionError     the registry holds no such version
    │   └── NoBundleError           the version holds no bundle
    ├── CheckpointError             the last epoch on the disk cannot be gone on from
    ├── DivergedError               what a network computes is no number any more
    ├── DiskError                   a folder that long work needs has no room or cannot be written
    ├── EngineError                 what scores beside this process does not work
    ├── ResultError                 a folder is no result that could be registered
    └── ParityError                 the exported bundle disagrees with what was trained
"""

from sentiment.errors import VigieError


class TrainingError(VigieError):
    """Anything that the `vigie` command raises on purpose."""


class OptionError(TrainingError):
    """An option of the command cannot be used."""


class RecipeError(TrainingError):
    """A recipe file cannot be used."""


class DatasetError(TrainingError):
    """A data set cannot be used."""


class DatasetNotFoundError(DatasetError):
    """There is no such file, package or member of a zip."""


class UnreadableFileError(DatasetError):
    """The file is damaged, or is no CSV, parquet or zip."""


class NotUtf8Error(DatasetError):
    """A CSV holds bytes that are no UTF-8."""


class MissingColumnsError(DatasetError):
    """The columns `text` and `label` are not both there."""


class BadValueError(DatasetError):
    """A cell holds what its column does not allow."""


class EmptyDatasetError(DatasetError):
    """No labelled row is left."""


class OneClassError(DatasetError):
    """All rows have the same label, so nothing can be learned or measured."""


class TrackingError(TrainingError):
    """MLflow cannot do what was asked."""


class UnreachableError(TrackingError):
    """MLflow does not answer, or its server is at fault: what is worth another try.

    Attributes
    ----------
    what
        The message without advice.
    """

    def __init__(self, what: str, advice: str = "") -> None:
        super().__init__(f"{what}; {advice}" if advice else what)
        self.what = what


class UnknownVersionError(TrackingError):
    """The registry holds no such version."""


class NoBundleError(TrackingError):
    """The version holds no bundle."""


class CheckpointError(TrainingError):
    """The last epoch on the disk is damaged, or of another training."""


class DivergedError(TrainingError):
    """What a network computes is no number any more."""


class DiskError(TrainingError):
    """A folder that long work needs has no room or cannot be written."""


class EngineError(TrainingError):
    """What scores beside this process does not work."""


class ResultError(TrainingError):
    """A folder is no result that could be registered."""


class ParityError(TrainingError):
    """The exported bundle computes something else than the model that was trained."""
