"""Client of MLflow's REST interface: which version is in Production, its tags, its files.

Only what the API needs, so that no MLflow is imported. Every call ends within its timeouts.
"""

import asyncio
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, unquote, urlsplit

import httpx
from pydantic import BaseModel, Field, ValidationError

from sentiment.files import LARGEST_FILES
from sentiment_api.model.errors import CacheError, RefusedError, RegistryAnswerError, RegistryError

SHA256_TAG = "vigie.bundle_sha256"
REFUSED_TAG = "vigie.refused"

# Where `mlflow.pyfunc.log_model(artifacts={"bundle": …})` puts the folder under the version's URI.
_BUNDLE_FOLDER = "artifacts/bundle"

# A listing or a version is a few kilobytes; more is a mistake or an attack.
_LARGEST_ANSWER = 4 * 2**20
# Bytes of an error's text that are worth showing.
_LONGEST_MESSAGE = 200
# For one file: a gigabyte on a slow line, but not for ever.
_DOWNLOAD_TIMEOUT_S = 3600


@dataclass(frozen=True)
class Registered:
    """A version as the registry describes it.

    Attributes
    ----------
    created_ms, updated_ms
        Milliseconds since 1970; MLflow gives a deleted version's number away again, so the number
        alone names nothing.
    tags
        Without the one that this program writes.
    refused
        That one: why the version was refused, or None.
    """

    name: str
    version: str
    created_ms: int
    updated_ms: int
    source: str
    tags: Mapping[str, str]
    refused: str | None

    @property
    def identity(self) -> str:
        """What distinguishes this version from every other, across re-created registries too."""
        return f"{self.name}/{self.version}/{self.created_ms}/{self.source}"

    @property
    def sha256(self) -> str | None:
        """The sha256 that its bundle.json must have, or None where nobody said."""
        return self.tags.get(SHA256_TAG) or None


class Registry:
    """MLflow at one address.

    Parameters
    ----------
    client
        Its `base_url` is the MLflow server's, prefix included; it carries authentication and timeouts.
    model_name
        The registered model.
    rule
        `stage:NAME` or `alias:NAME`.
    timeout_s
        Seconds for a whole answer, except a file.
    """

    def __init__(self, client: httpx.AsyncClient, *, model_name: str, rule: str, timeout_s: float) -> None:
        self._client = client
        self._model_name = model_name
        self._kind, _, self._place = rule.partition(":")
        self._timeout_s = timeout_s

    async def in_production(self) -> Registered | None:
        """Ask which version is in Production; None if none is.

        Raises
        ------
        RegistryError
            If MLflow cannot be asked now.
        """
        if self._kind == "alias":
            raw = await self._get(
                "mlflow/registered-models/alias", {"name": self._model_name, "alias": self._place}
            )
            found = [_parse(_AliasAnswer, raw).model_version] if raw else []
        else:
            raw = await self._get(
                "mlflow/registered-models/get-latest-versions",
                {"name": self._model_name, "stages": self._place},
            )
            found = _parse(_LatestAnswer, raw).model_versions if raw else []
        if not found:
            return None
        newest = max(found, key=lambda item: int(item.version))
        tags = {tag.key: tag.value for tag in newest.tags}
        refused = tags.pop(REFUSED_TAG, None) or None
        return Registered(
            name=newest.name,
            version=newest.version,
            created_ms=newest.creation_timestamp,
            updated_ms=newest.last_updated_timestamp,
            source=newest.source,
            tags=tags,
            refused=refused,
        )

    async def download(self, registered: Registered, folder: Path) -> None:
        """Fetch a version's bundle: exactly its three files, each within the contract's size.

        Raises
        ------
        RegistryError
            If MLflow does not deliver now, or a file arrives cut short.
        RefusedError
            If a file is absent or too large, or the files are not on MLflow's own artifact proxy.
        CacheError
            If the folder cannot be written.
        """
        base = await self._artifact_path(registered)
        path = posixpath.join(base, _BUNDLE_FOLDER)
        raw = await self._get("mlflow-artifacts/artifacts", {"path": path})
        listed = {item.path: item for item in _parse(_Listing, raw).files} if raw else {}
        for name, largest in LARGEST_FILES.items():
            entry = listed.get(name)
            if entry is None or entry.is_dir:
                raise RefusedError(f"{name} is not among the version's artifacts under {_BUNDLE_FOLDER}/")
            if (entry.file_size or 0) > largest:
                raise _too_large(name, largest)
        for name, largest in LARGEST_FILES.items():
            await self._fetch(posixpath.join(path, name), folder / name, largest, listed[name].file_size)

    async def mark_refused(self, registered: Registered, reason: str) -> None:
        """Write the reason onto the version, where a person sees it in MLflow."""
        tag = {"name": registered.name, "version": registered.version, "key": REFUSED_TAG, "value": reason}
        await self._set_tag(tag)

    async def unmark_refused(self, registered: Registered) -> None:
        """Empty the reason; to remove the tag, MLflow would want the right to remove versions, too."""
        tag = {"name": registered.name, "version": registered.version, "key": REFUSED_TAG, "value": ""}
        await self._set_tag(tag)

    async def _artifact_path(self, registered: Registered) -> str:
        raw = await self._get(
            "mlflow/model-versions/get-download-uri",
            {"name": registered.name, "version": registered.version},
        )
        uri = _parse(_DownloadUri, raw or b"{}").artifact_uri
        if uri.startswith("models:/"):
            raw = await self._get(f"mlflow/logged-models/{quote(uri.removeprefix('models:/'), safe='')}", {})
            uri = _parse(_LoggedModel, raw or b"{}").model.info.artifact_uri
        parts = urlsplit(uri)
        if parts.scheme != "mlflow-artifacts":
            raise RefusedError(
                f"its files are at {parts.scheme or 'no scheme'}:, not behind MLflow's artifact proxy; "
                "run MLflow with --serve-artifacts and register the version again"
            )
        # The host that such a URI may name is ignored: files come from the configured server or not at all.
        path = unquote(parts.path).strip("/")
        if path != posixpath.normpath(path) or path.startswith("..") or "\\" in path:
            raise RefusedError("the path of its files leaves the artifact folder")
        return path

    async def _get(self, path: str, query: Mapping[str, str]) -> bytes | None:
        """Return the answer, or None where MLflow says that there is no such thing."""
        request = self._client.build_request("GET", f"/api/2.0/{path}", params=query)
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._client.send(request, stream=True)
                try:
                    content = await _read(response)
                finally:
                    await response.aclose()
        except (httpx.HTTPError, TimeoutError) as error:
            raise _unreachable(error) from error
        if response.status_code in {httpx.codes.NOT_FOUND, httpx.codes.BAD_REQUEST}:
            failure = _parse(_Failure, content)
            # An alias that does not exist is an INVALID_PARAMETER_VALUE, not a RESOURCE_DOES_NOT_EXIST.
            if failure.error_code == "RESOURCE_DOES_NOT_EXIST" or "not found" in failure.message:
                return None
        _check(response, content)
        return content

    async def _set_tag(self, tag: Mapping[str, str]) -> None:
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._client.post("/api/2.0/mlflow/model-versions/set-tag", json=tag)
        except (httpx.HTTPError, TimeoutError) as error:
            raise _unreachable(error) from error
        _check(response, response.content)

    async def _fetch(self, path: str, target: Path, largest: int, listed: int | None) -> None:
        name = target.name
        received = 0
        try:
            async with (
                asyncio.timeout(_DOWNLOAD_TIMEOUT_S),
                # Packed answers are refused: a small one can unpack to any size.
                self._client.stream(
                    "GET",
                    f"/api/2.0/mlflow-artifacts/artifacts/{quote(path)}",
                    headers={"Accept-Encoding": "identity"},
                ) as response,
            ):
                if response.status_code != httpx.codes.OK:
                    _check(response, await _read(response))
                if response.headers.get("content-encoding", "identity") != "identity":
                    raise RegistryAnswerError(f"{name} came packed, though it was asked for as it is")
                with target.open("wb") as file:
                    async for part in response.aiter_bytes():
                        received += len(part)
                        if received > largest:
                            raise _too_large(name, largest)
                        file.write(part)
        except (httpx.HTTPError, TimeoutError) as error:
            raise _unreachable(error) from error
        except OSError as error:
            raise CacheError(f"{target.parent} cannot be written: {error.strerror}") from error
        if listed is not None and received != listed:
            raise RegistryError(f"{name} arrived with {received:,} of {listed:,} bytes")


class _Tag(BaseModel):
    key: str
    value: str = ""


class _Version(BaseModel):
    name: str
    version: str = Field(pattern=r"^\d{1,18}$")
    creation_timestamp: int = 0
    last_updated_timestamp: int = 0
    source: str = ""
    tags: list[_Tag] = []


class _LatestAnswer(BaseModel):
    model_versions: list[_Version] = []


class _AliasAnswer(BaseModel):
    model_version: _Version


class _DownloadUri(BaseModel):
    artifact_uri: str


class _LoggedModelInfo(BaseModel):
    artifact_uri: str


class _LoggedModelBody(BaseModel):
    info: _LoggedModelInfo


class _LoggedModel(BaseModel):
    model: _LoggedModelBody


class _File(BaseModel):
    path: str
    is_dir: bool = False
    file_size: int | None = None


class _Listing(BaseModel):
    files: list[_File] = []


class _Failure(BaseModel):
    error_code: str
    message: str = ""


_Answer = TypeVar("_Answer", bound=BaseModel)


def _parse(model: type[_Answer], raw: bytes) -> _Answer:
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise RegistryAnswerError(
            "the answer is not MLflow's; VIGIE_MLFLOW_URI must name the server with its path prefix"
        ) from error


async def _read(response: httpx.Response) -> bytes:
    content = bytearray()
    async for part in response.aiter_bytes():
        content += part
        if len(content) > _LARGEST_ANSWER:
            raise RegistryAnswerError("the answer is too long to be MLflow's")
    return bytes(content)


def _check(response: httpx.Response, content: bytes) -> None:
    if response.is_success:
        return
    said = content.decode("utf-8", "replace")[:_LONGEST_MESSAGE]
    if response.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        raise RegistryError(
            f"MLflow refuses access ({response.status_code}): check VIGIE_MLFLOW_USERNAME and …_PASSWORD, "
            f"and that the server allows this host name; it says: {said}"
        )
    raise RegistryError(f"MLflow answered {response.status_code}: {said}")


def _unreachable(error: Exception) -> RegistryError:
    kind = type(error).__name__
    return RegistryError(
        f"MLflow does not answer: {kind}: {error!s:.200}" if str(error) else f"MLflow does not answer: {kind}"
    )


def _too_large(name: str, largest: int) -> RefusedError:
    return RefusedError(f"{name} is larger than the {largest:,} bytes that a bundle may have")
