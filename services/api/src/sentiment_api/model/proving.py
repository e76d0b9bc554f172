"""Opens a downloaded bundle in a process of its own first: a process can be ended, a thread cannot.

A regular expression in a foreign `tokenizer.json` may look at a golden text for hours, and what a graph asks
for may be more memory than there is. What the process thinks of the bundle does not count: whoever asked
opens it again, now knowing that it comes to an end.
"""

import asyncio
import sys
from pathlib import Path

from sentiment_api.model.errors import RefusedError
from sentiment_api.model.service import WARM_UP_TEXT

# Of one processor, so that a busy machine refuses nothing.
LIMIT_S = 60
# By the clock, for what waits without working.
_PATIENCE = 10


async def prove(folder: Path, limit_s: int = LIMIT_S) -> None:
    """See that opening a bundle, its golden texts and a first answer come to an end.

    Raises
    ------
    RefusedError
        If they do not within `limit_s` seconds of a processor's time, or take more memory than there is.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sentiment.proving", str(folder), str(limit_s), WARM_UP_TEXT),
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
