"""One training run in MLflow: everything that it logs, and how it ends."""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

from mlflow.entities import LoggedModel, LoggedModelOutput, Metric, Param
from mlflow.exceptions import MlflowException

from sentiment_training.datasets import Counts
from sentiment_training.errors import TrackingError, UnreachableError
from sentiment_training.guard import Guard
from sentiment_training.live import AT_ONCE, LiveFigures
from sentiment_training.material import Material
from sentiment_training.pyfunc_packing import pack
from sentiment_training.registry import BUNDLE_TAG, Registry
from sentiment_training.run_facts import dataset_input, evaluated_input, find_experiment, run_tags
from sentiment_training.tracking import (
    NO_RETRIES,
    PATIENCE_S,
    Outage,
    Patience,
    environment,
    server,
    shown_uri,
    told,
)

_PARAMS_AT_ONCE = 100  # so many the server takes in one call
_FLUSH_S, _LAST_WORDS_S = 60.0, 2.0
_FAILURE = "vigie.failure"
_LONGEST_REASON = 500


def say_on_stderr(line: str) -> None:
    """Say something where no progress is shown."""
    print(line, file=sys.stderr)


@dataclass
class TrainingRun:
    """A run that is open on the server. A server that is gone for a while is waited for."""

    registry: Registry
    experiment_id: str
    id: str
    _patiently: Patience
    _guard: Guard | None
    _ended: bool = field(default=False, init=False)
    _live: LiveFigures = field(init=False)
    _model: LoggedModel | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._live = LiveFigures(self._send, self._patiently.outage)

    @classmethod
    @contextmanager
    def started(
        cls,
        registry: Registry,
        experiment: str,
        run_name: str,
        say: Callable[[str], None] = say_on_stderr,
        *,
        command: str = "vigie train",
        parent: str = "",
        patience_s: float = PATIENCE_S,
    ) -> Iterator["TrainingRun"]:
        """Open a run; it ends as FINISHED, KILLED when interrupted, else FAILED with the reason as a tag.

        A process that ends without a word leaves it KILLED too (guard.py).

        Parameters
        ----------
        parent
            The id of the run that this one is a part of, if any.
        patience_s
            How long an MLflow that does not answer is waited for.
        """
        client, patiently = registry.client, Patience(Outage(registry.uri, say), patience_s)
        tags = run_tags(command) | ({"mlflow.parentRunId": parent} if parent else {})
        with environment(NO_RETRIES):
            experiment_id = patiently(lambda: find_experiment(client, experiment))
            opened = patiently(lambda: client.create_run(experiment_id, tags=tags, run_name=run_name))
            with cls._open(registry, experiment_id, opened.info.run_id, patiently) as run:
                yield run

    @classmethod
    @contextmanager
    def reopened(
        cls, registry: Registry, run_id: str, say: Callable[[str], None] = say_on_stderr
    ) -> Iterator["TrainingRun"]:
        """Go on with a run that has ended; it ends again as `started` says."""
        client, patiently = registry.client, Patience(Outage(registry.uri, say))
        with environment(NO_RETRIES):
            found = patiently(lambda: client.get_run(run_id))
            with cls._open(registry, found.info.experiment_id, run_id, patiently) as run:
                run.reopen()
                yield run

    @classmethod
    @contextmanager
    def _open(
        cls, registry: Registry, experiment_id: str, run_id: str, patiently: Patience
    ) -> Iterator["TrainingRun"]:
        run = cls(registry, experiment_id, run_id, patiently, _guard_of(registry.uri, run_id))
        try:
            yield run
        except BaseException as fault:
            killed = isinstance(fault, KeyboardInterrupt | SystemExit)
            run._end("KILLED" if killed else "FAILED", "interrupted" if killed else _reason(fault))
            raise
        finally:
            run._live.stop()
        run.finish()

    def reopen(self) -> None:
        """Mark the run RUNNING, whoever has ended it."""
        client = self.registry.client
        found = self._patiently(lambda: client.get_run(self.id))
        if found.info.status != "RUNNING":
            self._patiently(lambda: client.update_run(self.id, status="RUNNING"))
        if _FAILURE in found.data.tags:
            self._patiently(lambda: client.delete_tag(self.id, _FAILURE))

    def finish(self) -> None:
        """Mark the run FINISHED; what happens to this process afterwards changes nothing about it."""
        if self._ended:
            return
        self._ended = True
        if self._guard is not None:
            self._guard.expect("FINISHED")
        try:
            self._patiently(lambda: self.registry.client.set_terminated(self.id, "FINISHED"))
        except UnreachableError:
            if self._guard is None:
                raise
            # All else is there; the guard goes on trying for a while.
            self._guard.hand_over()
        else:
            if self._guard is not None:
                self._guard.dismiss()

    def _end(self, status: str, reason: str) -> None:
        if self._ended:
            return
        self._ended = True
        client, guard = self.registry.client, self._guard
        if guard is not None:
            guard.expect(status, reason)
        self._live.flush(_LAST_WORDS_S)
        try:
            with told(self.registry.uri):
                if self._model is not None:
                    self._unregister()
                client.set_tag(self.id, _FAILURE, reason)
                client.set_terminated(self.id, status)
        except TrackingError:
            # Whatever went wrong is what a person must hear; MLflow may be what is gone.
            if guard is not None:
                guard.hand_over()
        else:
            if guard is not None:
                guard.dismiss()

    @property
    def url(self) -> str:
        """The run's page."""
        return f"{shown_uri(self.registry.uri)}/#/experiments/{self.experiment_id}/runs/{self.id}"

    def report(self, name: str, value: float, step: int) -> None:
        """Log a live figure: what a training says of itself while it goes on. Never waits for MLflow."""
        self._live.add(Metric(name, float(value), int(time.time() * 1000), step))

    def flush(self) -> None:
        """Wait until the live figures are there, if MLflow is.

        Raises
        ------
        UnreachableError
            If it is not.
        """
        if not self._live.flush(_FLUSH_S):
            raise UnreachableError(f"MLflow at {shown_uri(self.registry.uri)} does not take the live figures")

    def log_material(self, material: Material) -> None:
        """Log which data went in: name, content, size; never a path or a text."""
        rows, positives = material.polar_rows, material.polar_positives
        inputs = [
            dataset_input("train", rows, positives, material.fingerprint, "training"),
            evaluated_input("heldout", material.held_out, "testing"),
            *(evaluated_input(name, each, "evaluation") for name, each in material.evaluation.items()),
        ]
        self._patiently(lambda: self.registry.client.log_inputs(self.id, datasets=inputs))

    def log_counts(self, counts: Mapping[str, Counts]) -> None:
        """Log how many rows each data set had, and why some were dropped."""
        self.log_choices(
            {f"rows.{name}.{key}": n for name, each in counts.items() for key, n in asdict(each).items()}
        )

    def log_choices(self, choices: Mapping[str, str | int | float]) -> None:
        """Log parameters; of a path its last part alone: where it lies is this machine's."""
        params = [Param(key, _placeless(str(value))) for key, value in choices.items()]
        for start in range(0, len(params), _PARAMS_AT_ONCE):
            batch = params[start : start + _PARAMS_AT_ONCE]
            self._patiently(partial(self.registry.client.log_batch, self.id, params=batch))

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Log figures; of the model too, once there is one."""
        now_ms = int(time.time() * 1000)
        model_id = None if self._model is None else self._model.model_id
        batch = [Metric(key, float(value), now_ms, 0, model_id=model_id) for key, value in metrics.items()]
        for start in range(0, len(batch), AT_ONCE):
            self._patiently(partial(self._send, batch[start : start + AT_ONCE]))

    def log_model(self, bundle: Path) -> None:
        """Upload the version's files; metrics logged from here on belong to the model too."""
        self._model = self._patiently(lambda: self._logged(bundle))

    def log_pictures(self, folder: Path) -> None:
        """Upload a folder of pictures."""
        self._patiently(lambda: self.registry.client.log_artifacts(self.id, str(folder), folder.name))

    def log_file(self, path: Path, folder: str) -> None:
        """Upload a file as an artifact of the run."""
        self._patiently(lambda: self.registry.client.log_artifact(self.id, str(path), folder))

    def log_text(self, name: str, text: str) -> None:
        """Upload a text as an artifact of the run."""
        self._patiently(lambda: self.registry.client.log_text(self.id, text, name))

    def log_nested(
        self, name: str, choices: Mapping[str, str | int | float], metrics: Sequence[Metric]
    ) -> None:
        """Log a part of this run that has ended, as a run of its own."""
        client = self.registry.client
        tags = {"mlflow.parentRunId": self.id}
        nested = self._patiently(lambda: client.create_run(self.experiment_id, tags=tags, run_name=name))
        params = [Param(key, str(value)) for key, value in choices.items()]
        self._patiently(lambda: client.log_batch(nested.info.run_id, metrics=metrics, params=params))
        self._patiently(lambda: client.set_terminated(nested.info.run_id, "FINISHED"))

    def register(self, bundle_sha256: str, description: str) -> int:
        """Make a version of what `log_model` uploaded.

        Returns
        -------
        int
            The version's number.
        """
        if self._model is None:
            raise TrackingError("no model was logged in this run; log one before registering it")
        source = f"models:/{self._model.model_id}"
        return self._patiently(lambda: self._registered(source, bundle_sha256, description))

    def _send(self, metrics: Sequence[Metric]) -> None:
        with told(self.registry.uri):
            self.registry.client.log_batch(self.id, metrics=metrics)

    def _logged(self, bundle: Path) -> LoggedModel:
        client = self.registry.client
        model = client.create_logged_model(
            self.experiment_id, name=self.registry.name, source_run_id=self.id, model_type="sentiment"
        )
        client.log_outputs(self.id, models=[LoggedModelOutput(model.model_id, step=0)])
        try:
            with tempfile.TemporaryDirectory(prefix="vigie-") as scratch:
                packed = Path(scratch) / "model"
                pack(bundle, packed, model, self.id)
                client.log_model_artifacts(model.model_id, str(packed))
        except BaseException:
            with suppress(MlflowException):
                client.finalize_logged_model(model.model_id, "FAILED")
            raise
        client.finalize_logged_model(model.model_id, "READY")
        return model

    def _registered(self, source: str, bundle_sha256: str, description: str) -> int:
        client, name = self.registry.client, self.registry.name
        # The server may have made the version of an earlier try, and have died before it said so.
        self._unregister()
        if not client.search_registered_models(f"name = '{name}'"):
            client.create_registered_model(name)
        try:
            version = client.create_model_version(
                name,
                source=source,
                run_id=self.id,
                tags={BUNDLE_TAG: bundle_sha256},
                description=description,
                model_id=source.rpartition("/")[2],
            )
        except BaseException:
            # Interrupted while the server answered: the version may be there all the same.
            with suppress(MlflowException):
                self._unregister()
            raise
        return int(version.version)

    def _unregister(self) -> None:
        client, name = self.registry.client, self.registry.name
        for half_made in client.search_model_versions(f"name = '{name}' and run_id = '{self.id}'"):
            client.delete_model_version(name, half_made.version)


def _placeless(value: str) -> str:
    """Leave out where files lie; several are named with commas between."""
    # What is too long for a name is none; `Path.exists` would raise.
    return ",".join(
        Path(each).name if Path(each).is_absolute() or os.path.exists(each) else each  # noqa: PTH110 - above
        for each in value.split(",")
    )


def _guard_of(uri: str, run_id: str) -> Guard | None:
    """Start a guard, if MLflow is a server; without one, where the system starts no process, work goes on."""
    address = server(uri)
    if address is None:
        return None
    try:
        return Guard(address, run_id)
    except OSError:
        return None


def _reason(fault: BaseException) -> str:
    if isinstance(fault, MemoryError):
        return f"out of memory: {fault}"[:_LONGEST_REASON]
    if isinstance(fault, OSError) and fault.strerror:
        return fault.strerror  # without the path: that is this machine's
    return f"{fault}"[:_LONGEST_REASON]
