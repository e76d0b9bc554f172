"""The `vigie-api` command: `serve` answers requests, `migrate` prepares the database."""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack

from pydantic import ValidationError

from sentiment_api.logs import configure
from sentiment_api.metrics import MULTIPROCESS_DIR
from sentiment_api.settings import Settings

# A migration may rewrite a table; that it waits for longer than this means that something holds a lock.
_MIGRATION_TIMEOUT_S = 600.0
# Seconds that requests have to end when the server is told to.
_SHUTDOWN_TIMEOUT_S = 10
# Connections at once, a few kilobytes each while idle. The proxy in front has limits of its own.
_MOST_CONNECTIONS = 1_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(prog="vigie-api", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="answer requests until told to stop")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    serve.add_argument("--port", type=int, default=8000, help="port to listen on (default: %(default)s)")
    serve.add_argument("--workers", type=int, default=1, help="processes (default: %(default)s)")
    commands.add_parser("migrate", help="bring the database to this version; safe to repeat")
    chosen = parser.parse_args(arguments)
    try:
        settings = Settings()
    except ValidationError as error:
        for item in error.errors(include_input=False, include_url=False):
            name = "_".join(str(part) for part in item["loc"]).upper()
            print(f"VIGIE_{name}: {item['msg']}" if name else item["msg"], file=sys.stderr)
        return 2
    configure(settings.log_level)
    if chosen.command == "migrate":
        return _migrate(settings)
    return _serve(chosen.host, chosen.port, chosen.workers, settings.root_path)


def _serve(host: str, port: int, workers: int, root_path: str) -> int:
    import uvicorn  # noqa: PLC0415 - `migrate` does without

    with ExitStack() as stack:
        # Not for one: uvicorn ends such a process by the signal that stopped it, and the folder stayed.
        if workers > 1:
            folder = tempfile.TemporaryDirectory(prefix="vigie-metrics-")
            os.environ[MULTIPROCESS_DIR] = stack.enter_context(folder)
        # Cut texts into tokens on the thread that asks: handing one tweet to another thread costs more than
        # cutting it, and on a busy machine waits for a core.
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        uvicorn.run(
            "sentiment_api.app:from_environment",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            root_path=root_path,
            log_config=None,
            access_log=False,
            ws="none",  # there are none; their library costs 4 MB
            limit_concurrency=_MOST_CONNECTIONS,
            timeout_graceful_shutdown=_SHUTDOWN_TIMEOUT_S,
            server_header=False,
        )
    return 0


def _migrate(settings: Settings) -> int:
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415 - `serve`'s parent process does without

    from sentiment_api.database import open_engine  # noqa: PLC0415
    from sentiment_api.migrate import migrate  # noqa: PLC0415

    engine = open_engine(settings.database_url.get_secret_value(), timeout_s=_MIGRATION_TIMEOUT_S)
    try:
        migrate(engine)
    except DBAPIError as error:
        print(f"the database cannot be migrated: {error.orig}", file=sys.stderr)
        return 1
    finally:
        engine.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main())
