"""Opens a bundle and scores a text, in a process of its own that the system ends when it takes too long.

    python -m sentiment.proving FOLDER SECONDS TEXT

A regular expression in a foreign `tokenizer.json` may look at a text for hours; a process can be ended, a
thread cannot. What is wrong with the bundle is not said here: whoever asked opens it again.
"""

import contextlib
import resource
import sys
from pathlib import Path

from sentiment.bundle import Bundle
from sentiment.errors import BundleError


def main(folder: Path, limit_s: int, text: str) -> None:
    """Come to an end within `limit_s` seconds of a processor, or be killed by the system."""
    resource.setrlimit(resource.RLIMIT_CPU, (limit_s, limit_s))
    # Where memory runs out, this process goes first (Linux).
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    with contextlib.suppress(BundleError):
        Bundle.open(folder).predict([text])


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
