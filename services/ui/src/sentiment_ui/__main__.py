"""Start the page's server: ``vigie-ui --port 8501`` or ``python -m sentiment_ui --port 8501``."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import resources

from sentiment_ui.theme import streamlit_theme


def main() -> None:
    """Become Streamlit, with this page's options."""
    arguments = parse(sys.argv[1:])
    hosts = arguments.allowed_host or ["localhost", "127.0.0.1"]
    command = streamlit_command(arguments.host, arguments.port, hosts)
    # exec, not a child: signals reach the server itself.
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="vigie-ui", description="Serve the Vigie page.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8501, help="port to listen on (default: %(default)s)")
    parser.add_argument(
        "--allowed-host",
        action="append",
        help="a name by which browsers may call the page, again for each; '*.example.org' for a family "
        "(default: localhost and 127.0.0.1)",
    )
    return parser.parse_args(arguments)


def streamlit_command(host: str, port: int, allowed_hosts: Sequence[str]) -> list[str]:
    """Write the command that serves the page.

    Parameters
    ----------
    host, port
        Where to listen.
    allowed_hosts
        Names in a browser's address bar that are served; stops DNS rebinding.
    """
    options = {
        "server.address": host,
        "server.port": str(port),
        "server.headless": "true",
        "server.fileWatcherType": "none",
        # No upload exists that its token would protect, and without it there is no cookie at all.
        "server.enableXsrfProtection": "false",
        "server.enableCORS": "true",
        "server.maxMessageSize": "1",
        "browser.gatherUsageStats": "false",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": "false",
        "client.toolbarMode": "minimal",
        # The welcome message looks the public address up at an outside service.
        "logger.hideWelcomeMessage": "true",
        "logger.level": "warning",
        **streamlit_theme(),
    }
    page = resources.files("sentiment_ui").joinpath("app.py")
    return [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(page),
        *(f"--{name}={value}" for name, value in options.items()),
        *(f"--server.allowedHosts={name}" for name in allowed_hosts),
    ]


if __name__ == "__main__":
    main()
