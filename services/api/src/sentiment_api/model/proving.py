"""Opens a downloaded bundle in a process of its own first: a process can be ended, a thread cannot.

A regular expression in a foreign `tokenizer.json` may look at a golden text for hours, and what a graph asks
for may be more memory than there is. What the process thinks of the bundle does not count: whoever asked
opens it again, now knowing that it comes to an end.
"""

import asyncio
import contextlib
import resource
import sys
from pathlib import Path

from sentiment import Bundle
from sentiment.errors import BundleError
from sentiment_api.model.errors import RefusedError
from sentiment_api.model.service import warm_up

# Of one processor, so that a busy machine refuses nothing.
LIMIT_S = 60
# By the clock, for what waits without working.
_PATIENCE = 10


async def prove(folder: Path, limit_s: int = LIMIT_S) -> None:
    """See that opening a bundle, its golden texts and the first answers come to an end.

    Raises
    ------
    RefusedError
        If they do not within `limit_s` seconds of a processor's time, or take more memory than there is.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, str(folder), str(limit_s)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        status = await asyncio.wait_for(process.wait(), _PATIENCE * limit_s)
    except TimeoutError:
        status = -1
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if status < 0:
        raise RefusedError(
            f"opening it and scoring its golden texts took more than {limit_s} s of a processor, or more "
            "memory than there is; look for an expensive regular expression in tokenizer.json"
        )


def _open(folder: Path, limit_s: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s))
    # Where memory runs out, this process goes first (Linux).
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    with contextlib.suppress(BundleError):
        warm_up(Bundle.open(folder))


if __name__ == "__main__":
    _open(Path(sys.argv[1]), int(sys.argv[2]))
