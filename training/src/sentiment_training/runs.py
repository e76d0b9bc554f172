"""One training run in MLflow: everything that it logs, and how it ends."""

import getpass
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Dataset as MlflowDataset
from mlflow.entities import DatasetInput, InputTag, LoggedModel, LoggedModelOutput, Metric, Param
from mlflow.exceptions import MlflowException

from sentiment_training.datasets import Counts, Dataset, fingerprint
from sentiment_training.errors import TrackingError
from sentiment_training.evaluation import Evaluation
from sentiment_training.figures import draw_figures
from sentiment_training.material import Material
from sentiment_training.provenance import git_state, package_versions, peak_memory_mib
from sentiment_training.pyfunc_packing import pack
from sentiment_training.registry import BUNDLE_TAG, Registry
from sentiment_training.scores import Scores
from sentiment_training.tables import scores_markdown
from sentiment_training.tracking import shown_uri, told

# The server takes so many metrics, and so many parameters, in one call.
_METRICS_AT_ONCE, _PARAMS_AT_ONCE = 1000, 100
_DIGEST_LENGTH = 32


@dataclass
class TrainingRun:
    """A run that is open on the server."""

    registry: Registry
    experiment_id: str
    id: str
    _model: LoggedModel | None = field(default=None, init=False)

    @classmethod
    @contextmanager
    def started(
        cls, registry: Registry, experiment: str, run_name: str, command: str = "vigie train"
    ) -> Iterator["TrainingRun"]:
        """Open a run; it ends as FINISHED, KILLED when interrupted, else FAILED with the reason as a tag."""
        client = registry.client
        with told(registry.uri):
            experiment_id = _experiment_id(client, experiment)
            tags = {
                "mlflow.source.name": command,
                "mlflow.source.type": "LOCAL",
                "mlflow.user": _user(),
            }
            if git := git_state(Path(__file__).parent):
                tags |= {"mlflow.source.git.commit": git.commit, "git.dirty": str(git.dirty).lower()}
            tags |= {f"package.{name}": number for name, number in package_versions().items()}
            opened = client.create_run(experiment_id, tags=tags, run_name=run_name)
        run = cls(registry, experiment_id, opened.info.run_id)
        try:
            yield run
        except BaseException as fault:
            killed = isinstance(fault, KeyboardInterrupt | SystemExit)
            # Whatever went wrong is what a person must hear; MLflow may be what is gone.
            with suppress(TrackingError), told(registry.uri):
                client.set_tag(run.id, "vigie.failure", "interrupted" if killed else f"{fault}"[:500])
                client.set_terminated(run.id, "KILLED" if killed else "FAILED")
            raise
        with told(registry.uri):
            client.set_terminated(run.id, "FINISHED")

    @property
    def url(self) -> str:
        """The run's page."""
        return f"{shown_uri(self.registry.uri)}/#/experiments/{self.experiment_id}/runs/{self.id}"

    def report(self, name: str, value: float, step: int) -> None:
        """Log a live figure: what a training says of itself while it goes on."""
        metric = Metric(name, float(value), int(time.time() * 1000), step)
        with told(self.registry.uri):
            self.registry.client.log_batch(self.id, metrics=[metric])

    def log_material(self, material: Material) -> None:
        """Log which data went in: name, content, size; never a path or a text."""
        rows = [len(each.train) for each in material.splits]
        positives = [each.train.positives for each in material.splits]
        inputs = [
            _dataset_input("train", sum(rows), sum(positives), material.fingerprint, "training"),
            _evaluated_input("heldout", material.held_out, "testing"),
            *(_evaluated_input(name, each, "evaluation") for name, each in material.evaluation.items()),
        ]
        with told(self.registry.uri):
            self.registry.client.log_inputs(self.id, datasets=inputs)

    def log_counts(self, counts: Mapping[str, Counts]) -> None:
        """Log how many rows each data set had, and why some were dropped."""
        self.log_choices(
            {f"rows.{name}.{key}": n for name, each in counts.items() for key, n in asdict(each).items()}
        )

    def log_choices(self, choices: Mapping[str, str | int | float]) -> None:
        """Log parameters."""
        params = [Param(key, str(value)) for key, value in choices.items()]
        with told(self.registry.uri):
            for start in range(0, len(params), _PARAMS_AT_ONCE):
                self.registry.client.log_batch(self.id, params=params[start : start + _PARAMS_AT_ONCE])

    def log_model(self, bundle: Path, scratch: Path) -> None:
        """Upload the version's files; metrics logged from here on belong to the model too."""
        client = self.registry.client
        with told(self.registry.uri):
            model = client.create_logged_model(
                self.experiment_id, name=self.registry.name, source_run_id=self.id, model_type="sentiment"
            )
            client.log_outputs(self.id, models=[LoggedModelOutput(model.model_id, step=0)])
            try:
                pack(bundle, scratch, model, self.id)
                client.log_model_artifacts(model.model_id, str(scratch))
            except BaseException:
                with suppress(MlflowException):
                    client.finalize_logged_model(model.model_id, "FAILED")
                raise
            client.finalize_logged_model(model.model_id, "READY")
        self._model = model

    def log_evaluations(self, evaluations: Mapping[str, Evaluation], scratch: Path) -> None:
        """Log the figures of each data set, with their intervals and pictures."""
        metrics: dict[str, float] = {}
        for name, evaluation in evaluations.items():
            metrics[f"{name}.n"] = evaluation.scores.n
            for key, estimate in evaluation.scores.estimates().items():
                metrics[f"{name}.{key}"] = estimate.value
                metrics[f"{name}.{key}_low"] = estimate.low
                metrics[f"{name}.{key}_high"] = estimate.high
            draw_figures(
                scratch / name, name, evaluation.probability, evaluation.dataset.labels, evaluation.scores
            )
        self._log_metrics(metrics)
        with told(self.registry.uri):
            self.registry.client.log_artifacts(self.id, str(scratch), "figures")

    def log_cost(self, metrics: Mapping[str, float]) -> None:
        """Log seconds and the like, and the memory used so far."""
        memory = peak_memory_mib()
        self._log_metrics({**metrics, **({} if memory is None else {"peak_memory_mib": memory})})

    def log_file(self, path: Path, folder: str) -> None:
        """Upload a file as an artifact of the run."""
        with told(self.registry.uri):
            self.registry.client.log_artifact(self.id, str(path), folder)

    def register(self, bundle_sha256: str, measured: Mapping[str, Scores]) -> int:
        """Make a version of what `log_model` uploaded.

        Returns
        -------
        int
            The version's number.
        """
        if self._model is None:
            raise TrackingError("no model was logged in this run; log one before registering it")
        client, name = self.registry.client, self.registry.name
        with told(self.registry.uri):
            if not client.search_registered_models(f"name = '{name}'"):
                client.create_registered_model(name)
            try:
                version = client.create_model_version(
                    name,
                    source=f"models:/{self._model.model_id}",
                    run_id=self.id,
                    tags={BUNDLE_TAG: bundle_sha256},
                    description=scores_markdown(measured),
                    model_id=self._model.model_id,
                )
            except BaseException:
                # Interrupted while the server answered: the version may be there all the same.
                for half_made in client.search_model_versions(f"name = '{name}' and run_id = '{self.id}'"):
                    client.delete_model_version(name, half_made.version)
                raise
        return int(version.version)

    def _log_metrics(self, metrics: Mapping[str, float]) -> None:
        now_ms = int(time.time() * 1000)
        model_id = None if self._model is None else self._model.model_id
        batch = [Metric(key, float(value), now_ms, 0, model_id=model_id) for key, value in metrics.items()]
        with told(self.registry.uri):
            for start in range(0, len(batch), _METRICS_AT_ONCE):
                self.registry.client.log_batch(self.id, metrics=batch[start : start + _METRICS_AT_ONCE])


def _experiment_id(client: MlflowClient, name: str) -> str:
    found = client.get_experiment_by_name(name)
    if found is None:
        return str(client.create_experiment(name))
    if found.lifecycle_stage != "active":
        raise TrackingError(
            f"the experiment {name} is deleted in MLflow; restore it there or give --experiment"
        )
    return str(found.experiment_id)


def _evaluated_input(name: str, dataset: Dataset, context: str) -> DatasetInput:
    return _dataset_input(name, len(dataset), dataset.positives, fingerprint([dataset]), context)


def _dataset_input(name: str, rows: int, positives: int, content: str, context: str) -> DatasetInput:
    return DatasetInput(
        MlflowDataset(
            name=name,
            digest=content[:_DIGEST_LENGTH],
            source_type="vigie",
            source=json.dumps({"name": name}),
            profile=json.dumps({"rows": rows, "positive": positives, "sha256": content}),
        ),
        tags=[InputTag("mlflow.data.context", context)],
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except OSError:  # a container's user without a name
        return "unknown"
