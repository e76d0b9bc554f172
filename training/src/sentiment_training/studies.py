"""Studies of Optuna: where they lie, what they belong to, and what they have tried."""

import contextlib
import logging
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import optuna
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from sentiment_training.errors import OptionError

# A worker that has not been heard of for so long is dead; its trial is taken for failed.
HEARTBEAT_S, GRACE_S = 10, 30
_CONNECT_TIMEOUT_S = 10
_BUSY_TIMEOUT_S = 60

# Trials before any is pruned, and steps of each before it is: Optuna's own advice for MedianPruner.
_UNPRUNED_TRIALS, _UNPRUNED_STEPS = 5, 1


def storage_in(cache: Path) -> str:
    """Give the address of the studies of this machine."""
    (cache / "studies").mkdir(exist_ok=True)
    return f"sqlite:///{(cache / 'studies' / 'studies.db').absolute()}"


def open_study(
    storage: str, name: str, belongs_to: Mapping[str, str], *, maximize: bool
) -> tuple[Study, bool]:
    """Open a study, or make it; whatever another worker did is kept.

    Parameters
    ----------
    storage
        An SQLAlchemy address; ``postgresql://`` is taken for psycopg2.
    belongs_to
        What all who join must agree on: family, data, metric and the options that are fixed.

    Returns
    -------
    (Study, bool)
        The study, and whether it was made just now.

    Raises
    ------
    OptionError
        If the storage does not answer, or the study belongs to something else.
    """
    optuna.logging.set_verbosity(logging.WARNING)
    is_new = True
    scheme, _, rest = storage.partition("://")
    if scheme in {"postgres", "postgresql"}:
        # SQLAlchemy 2.1 takes it for psycopg 3, which is not what the extra installs.
        storage = f"postgresql+psycopg2://{rest}"
    try:
        with _experimental():
            kept = optuna.storages.RDBStorage(
                storage,
                engine_kwargs={"connect_args": _connect(storage), "pool_pre_ping": True},
                heartbeat_interval=HEARTBEAT_S,
                grace_period=GRACE_S,
            )
        pruner = optuna.pruners.MedianPruner(
            n_startup_trials=_UNPRUNED_TRIALS, n_warmup_steps=_UNPRUNED_STEPS
        )
        direction = StudyDirection.MAXIMIZE if maximize else StudyDirection.MINIMIZE
        try:
            study = optuna.create_study(study_name=name, storage=kept, direction=direction, pruner=pruner)
        except optuna.exceptions.DuplicatedStudyError:
            study, is_new = optuna.load_study(study_name=name, storage=kept, pruner=pruner), False
    except (SQLAlchemyError, ArgumentError, ImportError) as fault:
        reason = str(fault).strip().splitlines()[0]
        raise OptionError(
            f"the storage {_shown(storage)} cannot be used: {reason}; give another with --storage"
        ) from fault
    _require(study, belongs_to)
    return study, is_new


def sampler_of(seed: int, trial: int) -> optuna.samplers.BaseSampler:
    """Make the sampler of one trial.

    Each has a generator of its own, seeded by its number: workers never draw the same, and a search that
    goes on draws what it would have drawn.
    """
    return optuna.samplers.TPESampler(seed=(seed * 1_000_003 + trial) % 2**32)


def fail_dead(study: Study) -> None:
    """Take the trials of workers that are gone for failed."""
    with _experimental():
        optuna.storages.fail_stale_trials(study)


def finished(study: Study) -> list[FrozenTrial]:
    """Trials that count: measured or pruned."""
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


def running(study: Study) -> int:
    """Count the trials that some worker is at."""
    return len(study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)))


def _require(study: Study, belongs_to: Mapping[str, str]) -> None:
    known = study.user_attrs
    for key, wanted in belongs_to.items():
        if key not in known:
            study.set_user_attr(key, wanted)
        elif known[key] != wanted:
            raise OptionError(
                f"the study {study.study_name} has {key} {known[key]}, this search {wanted}: "
                "their figures cannot be compared; name another with --study"
            )


def _connect(storage: str) -> dict[str, int]:
    if storage.startswith("sqlite"):
        return {"timeout": _BUSY_TIMEOUT_S}
    return {"connect_timeout": _CONNECT_TIMEOUT_S} if storage.startswith("postgresql") else {}


def _shown(storage: str) -> str:
    parts = urlsplit(storage)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if parts.netloc else storage


@contextlib.contextmanager
def _experimental() -> Iterator[None]:
    """Quiet what Optuna says of heartbeats: experimental in name since version 2.9."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield
