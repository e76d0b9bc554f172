"""Searches for a family's best options: each trial trains, and is measured on the validation rows alone."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import optuna
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState
from sklearn.metrics import log_loss, roc_auc_score

from sentiment_training.errors import DivergedError, OptionError
from sentiment_training.evaluation import probabilities
from sentiment_training.families import FAMILIES, Examples, FittedModel, Work
from sentiment_training.families.validating import LOSS
from sentiment_training.material import Material, prepare
from sentiment_training.metrics import BoolArray, FloatArray
from sentiment_training.progress import Progress, SilentProgress
from sentiment_training.recipe import Recipe
from sentiment_training.registry import Registry
from sentiment_training.runs import TrainingRun
from sentiment_training.studies import fail_dead, finished, open_study, running, sampler_of

_OPTIONS, _FIXED, _RUN = "options", "fixed options", "mlflow.run"
_PAUSE_S = 1.0
_SHOWN = 10
_CREATED_WITHIN_S = 60.0


@dataclass(frozen=True)
class Metric:
    """A figure to choose by.

    Attributes
    ----------
    of
        Takes probabilities of *positive* and labels.
    higher_is_better
        Whether more of it is better.
    """

    of: Callable[[FloatArray, BoolArray], float]
    higher_is_better: bool


METRICS: Mapping[str, Metric] = {
    "accuracy": Metric(lambda probability, label: float(((probability >= 0.5) == label).mean()), True),  # noqa: PLR2004
    "log_loss": Metric(lambda probability, label: float(log_loss(label, probability, labels=[0, 1])), False),
    "roc_auc": Metric(lambda probability, label: float(roc_auc_score(label, probability)), True),
}


@dataclass(frozen=True)
class Search:
    """What is searched for, and how long.

    Attributes
    ----------
    trials
        Of the study, those of other workers and of earlier runs included.
    timeout_s
        No trial begins after so long; None for no limit.
    study
        Its name; empty for one that family, data and metric give.
    storage
        Where the study lies, as SQLAlchemy writes it.
    pieces
        Where trials keep long work on texts that depends on none of them; None keeps nothing.
    """

    recipe: Recipe
    metric: str
    trials: int
    timeout_s: float | None
    study: str
    storage: str
    pieces: Path | None = None


@dataclass(frozen=True)
class Found:
    """What a study has found so far.

    Attributes
    ----------
    trials
        Number of those measured or pruned.
    table
        Number, figure and options of the ten best, the best first.
    best
        The recipe to train.
    """

    trials: int
    table: list[tuple[int, float, Mapping[str, str]]]
    best: Recipe
    run_url: str


def search(
    wanted: Search,
    registry: Registry,
    experiment: str,
    progress: Progress,
    say: Callable[[str], None],
) -> Found:
    """Try options until the study has enough trials, or the time is over.

    Raises
    ------
    DatasetError
        If a data set cannot be used.
    OptionError
        If the study belongs to other data or another family, or not one trial was finished in time.
    TrackingError
        If MLflow fails, or does not answer for two minutes.
    """
    recipe, metric = wanted.recipe, METRICS[wanted.metric]
    material = prepare(recipe, progress, validate=True)
    for line in material.lines():
        say(line)
    study, is_new = open_study(
        wanted.storage,
        wanted.study or f"{recipe.family}-{wanted.metric}-{material.fingerprint[:8]}",
        {
            "family": recipe.family,
            "metric": wanted.metric,
            "data": material.fingerprint,
            "weights": json.dumps([weight for _, weight in material.weighted]),
            _FIXED: json.dumps(dict(sorted(recipe.options.items()))),
        },
        maximize=metric.higher_is_better,
    )
    say(f"study {study.study_name}" + ("" if is_new else f": {len(finished(study))} trials are there"))
    with _parent(study, registry, experiment, say, material, is_new=is_new) as parent:
        trials = _Trials(wanted, material.train(), material.validation(), study, registry, experiment, say)
        try:
            _work(wanted, study, trials, parent, progress, say)
        except SystemExit:
            say(f"{len(finished(study))} trials are there; the same command goes on")
            raise
        measured = [each for each in finished(study) if each.state == TrialState.COMPLETE]
        if not measured:
            raise OptionError(
                "not one trial was measured: all were ended early, or there was no time; MLflow shows how "
                "far they came, and --timeout gives more"
            )
        measured.sort(key=_value, reverse=metric.higher_is_better)
        best = measured[0]
        parent.log_metrics({f"best.{wanted.metric}": _value(best), "best.trial": best.number})
        chosen = replace(recipe, options=dict(best.user_attrs[_OPTIONS]))
        table = [(each.number, _value(each), each.user_attrs[_OPTIONS]) for each in measured[:_SHOWN]]
        return Found(len(finished(study)), table, chosen, parent.url)


def _value(trial: FrozenTrial) -> float:
    assert trial.value is not None  # noqa: S101 - it is COMPLETE
    return trial.value


def _work(
    wanted: Search,
    study: Study,
    trials: "_Trials",
    parent: TrainingRun,
    progress: Progress,
    say: Callable[[str], None],
) -> None:
    """Do trials until there are enough, whoever did them."""
    started, known = time.monotonic(), len(finished(study))
    with progress.step("trials", max(wanted.trials - known, 0)) as advance:
        while known < wanted.trials:
            if wanted.timeout_s is not None and time.monotonic() - started > wanted.timeout_s:
                say(f"the time is over after {known} of {wanted.trials} trials; the same command goes on")
                break
            fail_dead(study)
            if known + running(study) < wanted.trials:
                parent.reopen()  # a worker that left has ended it for all
                study.optimize(trials, n_trials=1)
            else:
                time.sleep(_PAUSE_S)  # other workers are at the last ones, or are gone and soon found out
            before, known = known, len(finished(study))
            advance(known - before)
    parent.reopen()


@contextmanager
def _parent(
    study: Study,
    registry: Registry,
    experiment: str,
    say: Callable[[str], None],
    material: Material,
    *,
    is_new: bool,
) -> Iterator[TrainingRun]:
    """Open the run that all trials belong to."""
    deadline = time.monotonic() + _CREATED_WITHIN_S
    # Whoever made the study makes the run; if they died before, somebody else does.
    while not is_new and _RUN not in study.user_attrs and time.monotonic() < deadline:
        time.sleep(_PAUSE_S)
    if _RUN in study.user_attrs:
        with TrainingRun.reopened(registry, str(study.user_attrs[_RUN]), say) as run:
            yield run
        return
    with TrainingRun.started(registry, experiment, study.study_name, say, command="vigie search") as run:
        study.set_user_attr(_RUN, run.id)
        run.log_material(material)
        known = {key: str(value) for key, value in study.user_attrs.items()}
        fixed = json.loads(known.pop(_FIXED))
        run.log_choices({**known, **{f"fixed.{name}": value for name, value in fixed.items()}})
        run.log_counts(material.counts)
        yield run


@dataclass(frozen=True)
class _Trials:
    """Trains and measures one trial at a time."""

    wanted: Search
    learned: Examples
    validation: Examples
    study: Study
    registry: Registry
    experiment: str
    say: Callable[[str], None]

    def __call__(self, trial: Trial) -> float:
        recipe = self.wanted.recipe
        self.study.sampler = sampler_of(recipe.seed, trial.number)
        # What a person fixed stays, whatever the family would try.
        options = {**FAMILIES[recipe.family].suggest(trial, recipe.options), **recipe.options}
        trial.set_user_attr(_OPTIONS, options)
        parent = str(self.study.user_attrs[_RUN])
        name = f"trial {trial.number}"
        try:
            with TrainingRun.started(
                self.registry, self.experiment, name, self.say, command="vigie search", parent=parent
            ) as run:
                trial.set_user_attr(_RUN, run.id)
                run.log_choices({**options, "family": recipe.family, "seed": recipe.seed})
                value = self._measured(trial, run, options)
                run.flush()
        except SystemExit:
            # Optuna lets it pass, and other workers would wait for this trial until it is found dead.
            self.study.tell(trial.number, state=TrialState.FAIL)
            raise
        if value is None:
            self.say(f"{name} was ended early: {_shown(options)}")
            raise optuna.TrialPruned
        self.say(f"{name}: {self.wanted.metric} {value:.4f} with {_shown(options)}")
        return value

    def _measured(self, trial: Trial, run: TrainingRun, options: Mapping[str, str]) -> float | None:
        recipe, metric = self.wanted.recipe, METRICS[self.wanted.metric]

        def report(name: str, value: float, step: int) -> None:
            run.report(name, value, step)
            if name == LOSS:
                trial.report(-value if metric.higher_is_better else value, step)
                if trial.should_prune():
                    raise optuna.TrialPruned

        work = Work(SilentProgress(), recipe.seed, report, pieces=self.wanted.pieces)
        try:
            model = FAMILIES[recipe.family].fit(self.learned, self.validation, options, work)
        except (optuna.TrialPruned, DivergedError) as ended:
            # Options with which nothing is learned are as good as tried: the next ones are chosen otherwise.
            run.log_metrics({"diverged" if isinstance(ended, DivergedError) else "pruned": 1})
            return None
        by_domain = _by_domain(model, self.validation, metric)
        value = float(np.mean(list(by_domain.values())))
        named = {f"validation.{name}.{self.wanted.metric}": each for name, each in by_domain.items()}
        run.log_metrics({**named, self.wanted.metric: value})
        return value


def _by_domain(model: FittedModel, validation: Examples, metric: Metric) -> dict[str, float]:
    probability = probabilities(model.probabilities, validation.texts, SilentProgress(), "validate")
    return {
        name: metric.of(probability[validation.domains == i], validation.labels[validation.domains == i])
        for i, name in enumerate(validation.names)
        if (validation.domains == i).any()
    }


def _shown(options: Mapping[str, str]) -> str:
    return " ".join(f"-o {name}={value}" for name, value in options.items()) or "the defaults"
