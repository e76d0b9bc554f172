"""Renders the proxy's templates, as the nginx image's own start-up step does."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from .settings import ROOT

_VARIABLE = re.compile(r"\$\{(VIGIE_[A-Z_]+)\}")


def render(text: str, values: Mapping[str, str]) -> str:
    """Put values in for ``${VIGIE_…}``; every other ``$`` is nginx's own. A missing value is a KeyError."""
    return _VARIABLE.sub(lambda match: values[match[1]], text)


def write(folder: Path, port: int, upstreams: Mapping[str, int]) -> Path:
    """Write the configuration and return its main file.

    Parameters
    ----------
    folder
        nginx's own; what an earlier version left there is removed.
    port
        The one to listen on.
    upstreams
        Port of each part: ``ui``, ``api``, ``mlflow``.
    """
    conf = folder / "conf"
    values = {
        "VIGIE_NGINX_LISTEN": f"127.0.0.1:{port}",
        "VIGIE_NGINX_NAMES": "localhost 127.0.0.1",
        "VIGIE_NGINX_CONF": str(conf),
        "VIGIE_NGINX_MORE": str(folder / "more"),  # nothing: logins and rate limits are the platform's
        "VIGIE_NGINX_PAGES": str(ROOT / "nginx/pages"),
        "VIGIE_NGINX_RESOLVER": "127.0.0.1",  # never asked: the upstreams are blocks of the main file
        **{f"VIGIE_{name.upper()}_UPSTREAM": f"vigie_{name}" for name in upstreams},
        **{f"VIGIE_{name.upper()}_ADDRESS": f"127.0.0.1:{number}" for name, number in upstreams.items()},
        "VIGIE_MLFLOW_HOST": f"127.0.0.1:{upstreams['mlflow']}",
    }
    shutil.rmtree(conf, ignore_errors=True)
    templates = ROOT / "nginx/templates"
    for template in templates.rglob("*.template"):
        target = conf / template.relative_to(templates).with_suffix("")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(render(template.read_text(encoding="utf-8"), values), encoding="utf-8")
    main = folder / "nginx.conf"
    template = ROOT / "nginx/embedded/nginx.conf.template"
    main.write_text(render(template.read_text(encoding="utf-8"), values), encoding="utf-8")
    return main
