"""Writing a bundle: measured with the files as written, and on the disk whole or not at all."""

import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tokenizers import Tokenizer

from sentiment.bundle import Bundle
from sentiment.errors import TokenizerError
from sentiment.files import write_file
from sentiment.graph import check_graph
from sentiment.manifest import GRAPH, MANIFEST, TOKENIZER, FileEntry, Golden, Manifest, Provenance
from sentiment.tokenizer_file import tokenizer_json

_DEFAULT_THRESHOLD = 0.5


def write_bundle(
    folder: Path,
    *,
    family: str,
    tokenizer: Tokenizer,
    graph: bytes,
    golden_texts: Sequence[str],
    provenance: Provenance = Provenance(),  # noqa: B008 - frozen
    threshold: float = _DEFAULT_THRESHOLD,
    calibration: str = "none",
    golden_tolerance: float = Manifest.golden_tolerance,
) -> Bundle:
    """Write a bundle, measuring its golden texts with the files as written, and open it again.

    Parameters
    ----------
    folder
        Is made; must not exist. It appears whole or not at all.
    tokenizer
        With truncation (its `max_length` becomes the bundle's) and padding set.
    graph
        A serialized ONNX model as `docs/contracts.md` describes.
    golden_texts
        1 to 1,000 texts whose probabilities every later opening must reproduce.
    golden_tolerance
        Largest difference that counts as reproduced, on any processor; in (0, 0.01].

    Raises
    ------
    FileExistsError
        If the folder exists.
    BundleError
        If what was written cannot be opened.
    """
    if folder.exists():
        raise FileExistsError(f"{folder} exists; a bundle is never written over another")
    if tokenizer.truncation is None:
        raise TokenizerError("the tokenizer has no truncation; call enable_truncation first")
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        contents = {TOKENIZER: tokenizer_json(tokenizer).encode("utf-8"), GRAPH: graph}
        for name, content in contents.items():
            write_file(scratch / name, content)
        check_graph(graph)
        manifest = Manifest(
            family=family,
            threshold=threshold,
            max_length=int(tokenizer.truncation["max_length"]),
            files={
                name: FileEntry(hashlib.sha256(content).hexdigest(), len(content))
                for name, content in contents.items()
            },
            golden=(),
            golden_tolerance=golden_tolerance,
            calibration=calibration,
            provenance=provenance,
        )
        unproven = Bundle(manifest, "", contents[TOKENIZER], graph)
        measured = unproven.probabilities(golden_texts).tolist()
        golden = tuple(Golden(text, value) for text, value in zip(golden_texts, measured, strict=True))
        write_file(scratch / MANIFEST, replace(manifest, golden=golden).to_json().encode("utf-8"))
        bundle = Bundle.open(scratch)
        scratch.chmod(0o755)  # mkdtemp's 0700 would hide it from a server under another user
        scratch.rename(folder)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    return bundle
