"""The two libraries that do the work, opened with care: `tokenizers` and ONNX Runtime."""

import json
import threading
from collections.abc import Mapping, Sequence
from typing import Protocol, cast

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Tokenizer

from sentiment.errors import GraphError, TokenizerError
from sentiment.growth import growth
from sentiment.manifest import MANIFEST, TOKENIZER
from sentiment.tokenizer_file import tokenizer_from_json

FloatArray = npt.NDArray[np.float32]
TokenArray = npt.NDArray[np.int64]

# Bytes of the arena that all sessions of the process share: a graph that asks for more fails instead of
# taking the machine down.
_MEMORY_LIMIT = 2 * 2**30

# How many times longer cleaning may make a text. With every option in use ours is reckoned at 60 to 500; the
# longest text that the API takes then fills 150 MB at most.
_LARGEST_GROWTH = 1_000


class _Value(Protocol):
    name: str
    type: str


class Session(Protocol):
    """What is used of `onnxruntime.InferenceSession`, which ships no types."""

    _model_bytes: bytes | None

    def run(self, outputs: Sequence[str], inputs: Mapping[str, TokenArray]) -> list[FloatArray]: ...  # noqa: D102
    def get_inputs(self) -> Sequence[_Value]: ...  # noqa: D102
    def get_outputs(self) -> Sequence[_Value]: ...  # noqa: D102


def open_tokenizer(content: bytes, max_length: int) -> Tokenizer:
    """Read `tokenizer.json`.

    Raises
    ------
    TokenizerError
        If it cannot be read, truncates elsewhere than at `max_length`, or lets texts grow without bound.
    """
    try:
        text = content.decode("utf-8")
        longer = growth(json.loads(text).get("normalizer"))
        tokenizer = tokenizer_from_json(text)
    except BaseException as error:
        raise as_tokenizer_error(error) from error
    if longer > _LARGEST_GROWTH:
        raise TokenizerError(f"{TOKENIZER}: its replacements may make a text {longer:,} times longer")
    truncation = tokenizer.truncation
    if truncation is None or truncation["max_length"] != max_length:
        raise TokenizerError(f"{TOKENIZER} must truncate at max_length = {max_length}, as {MANIFEST} says")
    return tokenizer


def as_tokenizer_error(error: BaseException) -> BaseException:
    """Give what `tokenizers` raises a type: it knows only Exception, and Rust's panics are not even that."""
    if isinstance(error, Exception) or type(error).__name__ == "PanicException":
        return TokenizerError(f"{TOKENIZER} cannot be used: {error!s:.300}")
    return error


# The runtime's exceptions share no base but Exception.
RUNTIME_ERRORS: tuple[type[Exception], ...] = (
    RuntimeError,
    ValueError,
    TypeError,
    *(
        value
        for value in vars(onnxruntime.capi.onnxruntime_pybind11_state).values()
        if isinstance(value, type) and issubclass(value, Exception)
    ),
)


def open_session(graph: bytes) -> Session:
    """Load a graph that `check_graph` has let pass.

    Raises
    ------
    GraphError
        If the runtime cannot load it, or its inputs and outputs are not a bundle's.
    """
    _limit_memory()
    options = onnxruntime.SessionOptions()
    # One thread a session: requests run side by side, and a light model loses more by waking others.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # fatal only: what fails is raised, and told once
    options.add_session_config_entry("session.use_env_allocators", "1")
    try:
        session = cast(
            "Session", onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        )
    except RUNTIME_ERRORS as error:
        raise GraphError(f"model.onnx cannot be loaded: {error!s:.300}") from error
    # The wrapper keeps the file for a fallback to other processors, of which there are none here; the runtime
    # has copied it. For a linear model that is a tenth of the server's memory.
    session._model_bytes = None  # there is no public way
    inputs = {item.name: item.type for item in session.get_inputs()}
    outputs = {item.name: item.type for item in session.get_outputs()}
    if not (
        inputs.keys() - {"mask"} == {"ids"}
        and set(inputs.values()) == {"tensor(int64)"}
        and outputs.get("probability") == "tensor(float)"
    ):
        raise GraphError(
            f"model.onnx takes {inputs} and gives {outputs}; a bundle's takes int64 ids (and mask) "
            "and gives float32 probability"
        )
    return session


_arena_lock = threading.Lock()
_arena_made = False


def _limit_memory() -> None:
    """Make the arena that all sessions share, once a process."""
    global _arena_made  # noqa: PLW0603 - the runtime's environment is global, too
    with _arena_lock:
        if not _arena_made:
            memory = onnxruntime.OrtMemoryInfo(
                "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
            )
            # 1: grow by what is asked for, not by doubling; a linear model needs little.
            arena = onnxruntime.OrtArenaCfg({"max_mem": _MEMORY_LIMIT, "arena_extend_strategy": 1})
            onnxruntime.create_and_register_allocator(memory, arena)
            _arena_made = True
