"""The registered model's versions: which exist, which serves, and the bundle of each."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import mlflow.artifacts
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from sentiment import Bundle
from sentiment.errors import MissingFileError
from sentiment_training.errors import NoBundleError, OptionError, UnknownVersionError
from sentiment_training.tracking import told

PRODUCTION = "Production"
STAGES = ("None", "Staging", PRODUCTION, "Archived")
PRODUCTION_ALIAS = "production"
BUNDLE_TAG = "vigie.bundle_sha256"
REFUSED_TAG = "vigie.refused"
_PAGE = 200


@dataclass(frozen=True)
class Version:
    """One version of the registered model."""

    number: int
    stage: str
    aliases: tuple[str, ...]
    run_id: str
    created_at: datetime
    bundle_sha256: str
    refused: str
    """Why the API refused it; empty where it did not."""


@dataclass(frozen=True)
class Registry:
    """One registered model on one MLflow server."""

    client: MlflowClient
    uri: str
    name: str

    def versions(self) -> list[Version]:
        """All versions, the newest first; none where the model does not exist."""
        with told(self.uri):
            found: list[ModelVersion] = []
            token: str | None = None
            while token != "":
                page = self.client.search_model_versions(
                    f"name = '{self.name}'", max_results=_PAGE, page_token=token
                )
                found.extend(page)
                token = page.token or ""
            aliases = self._aliases() if found else {}
        versions = [_version(each, aliases) for each in found]
        return sorted(versions, key=lambda version: -version.number)

    def resolve(self, wanted: str) -> Version:
        """Find a version by its number, a stage (the newest in it) or an alias.

        Raises
        ------
        UnknownVersionError
            If there is none; lists those that exist.
        """
        versions = self.versions()
        for version in versions:
            if wanted == str(version.number) or wanted.casefold() == version.stage.casefold():
                return version
            if wanted in version.aliases:
                return version
        listed = ", ".join(
            f"{each.number} ({each.stage})" if each.stage != "None" else str(each.number) for each in versions
        )
        raise UnknownVersionError(
            f"{self.name} has no version, stage or alias {wanted!r}; "
            + (f"there are {listed}" if listed else "it has none yet: `vigie train` makes the first")
        )

    def promote(self, wanted: str, stage: str = PRODUCTION, *, keep_others: bool = False) -> Version:
        """Put a version into a stage, as MLflow's own page does, and let the alias follow.

        The alias `production` ends on the newest version in stage Production, whichever way it came there,
        and on none where the stage is empty.

        Parameters
        ----------
        keep_others
            Leave what is in the stage where it is; else it is archived.

        Raises
        ------
        OptionError
            If there is no such stage.
        UnknownVersionError
            If there is no such version.
        """
        matching = [each for each in STAGES if each.casefold() == stage.casefold()]
        if not matching:
            raise OptionError(f"there is no stage {stage!r}; choose one of {', '.join(STAGES)}")
        version = self.resolve(wanted)
        archive = matching[0] in {"Staging", PRODUCTION} and not keep_others
        with told(self.uri), _stages_allowed():
            self.client.transition_model_version_stage(
                self.name, str(version.number), matching[0], archive_existing_versions=archive
            )
        self._align_alias()
        return self.resolve(str(version.number))

    def production(self) -> Version | None:
        """The newest version in stage Production, the one that serves."""
        return next((each for each in self.versions() if each.stage == PRODUCTION), None)

    def open_bundle(self, version: Version, folder: Path) -> Bundle:
        """Download a version's bundle into a folder, and verify it.

        Raises
        ------
        NoBundleError
            If the version was not made by Vigie.
        BundleError
            If it is damaged.
        """
        with told(self.uri):
            root = self.client.get_model_version_download_uri(self.name, str(version.number))
        missing = NoBundleError(
            f"version {version.number} of {self.name} holds no bundle at artifacts/bundle; "
            "choose one that `vigie train` registered"
        )
        try:
            with told(self.uri):
                path = mlflow.artifacts.download_artifacts(
                    artifact_uri=f"{root}/artifacts/bundle", dst_path=str(folder)
                )
            return Bundle.open(Path(path))
        except (OSError, MissingFileError) as fault:
            raise missing from fault

    def metrics(self, version: Version) -> dict[str, float]:
        """What its run measured; nothing where the run is gone."""
        if not version.run_id:
            return {}
        with told(self.uri):
            return dict(self.client.get_run(version.run_id).data.metrics)

    def _aliases(self) -> dict[str, list[str]]:
        by_version: dict[str, list[str]] = {}
        for alias, number in self.client.get_registered_model(self.name).aliases.items():
            by_version.setdefault(str(number), []).append(alias)
        return by_version

    def _align_alias(self) -> None:
        serving = self.production()
        with told(self.uri):
            if serving is None:
                if PRODUCTION_ALIAS in self.client.get_registered_model(self.name).aliases:
                    self.client.delete_registered_model_alias(self.name, PRODUCTION_ALIAS)
            elif PRODUCTION_ALIAS not in serving.aliases:
                self.client.set_registered_model_alias(self.name, PRODUCTION_ALIAS, str(serving.number))


def _version(found: ModelVersion, aliases: dict[str, list[str]]) -> Version:
    return Version(
        number=int(found.version),
        stage=found.current_stage or "None",
        aliases=tuple(sorted(aliases.get(str(found.version), []))),
        run_id=found.run_id or "",
        created_at=datetime.fromtimestamp(found.creation_timestamp / 1000, UTC),
        bundle_sha256=found.tags.get(BUNDLE_TAG, ""),
        refused=found.tags.get(REFUSED_TAG, ""),
    )


@contextmanager
def _stages_allowed() -> Iterator[None]:
    """Silence the announcement that stages will go one day: they are what a person clicks in MLflow."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*[Mm]odel registry stages", category=FutureWarning)
        yield
