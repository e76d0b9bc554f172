"""The story of ``make demo``: check, start, train if nothing is in Production, predict, wait for Ctrl-C."""

import errno
import os
import signal
import sys
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Final

from . import questions
from .checks import check_port, make_home, sole_user
from .errors import DemoError
from .parts import Parts, wait_a_moment
from .platform import Platform, plan
from .settings import DemoSettings, read
from .talk import Talk

_MLFLOW_LIMIT_S: Final = 180.0
_CACHE_LIMIT_S: Final = 15.0
_PAGE_LIMIT_S: Final = 90.0
_PREDICTION_LIMIT_S: Final = 60.0


def main() -> int:
    """Run the demo until it is stopped; 0 if a person stopped it, 1 if it could not run."""
    talk = Talk()
    # SIGINT too: a shell that starts it in the background has it ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        settings = read(os.environ)
        check_port(settings.port)
        make_home(settings.home)
        with sole_user(settings.home):
            _run(settings, talk)
    except KeyboardInterrupt:
        talk.say(f"  Stopped. {talk.bold('make demo')} goes on where this ended.\n")
        return 0
    except DemoError as error:
        talk.trouble(str(error))
        return 1
    except OSError as error:
        reason = _plain(error)
        talk.trouble(reason)
        return 1
    return 0


def _run(settings: DemoSettings, talk: Talk) -> None:
    platform = plan(settings, os.environ)
    talk.title(f"Vigie · everything on this machine, in {_short(settings)}")
    parts = Parts()
    try:
        _start(platform, parts, settings, talk)
        _summary(settings, talk)
        while True:
            parts.check()
            wait_a_moment()
    finally:
        # A second Ctrl-C must not leave half of the programs running.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        talk.doing("Ending every part")
        parts.stop()


def _start(platform: Platform, parts: Parts, settings: DemoSettings, talk: Talk) -> None:
    page_answers = partial(questions.page_is_up, settings.address)
    mlflow_answers = partial(questions.mlflow_is_ready, platform.mlflow_uri)
    predicts = partial(questions.predicts, settings.address)

    parts.start(platform.nginx)
    parts.start(platform.page)
    talk.doing("Preparing the API's database")
    parts.run(platform.migrate, talk.tick)
    parts.start(platform.api)
    parts.start(platform.mlflow)
    talk.doing("Starting the page")
    parts.wait_until(page_answers, "The page", _PAGE_LIMIT_S, talk.tick)
    talk.done(f"The page answers at {talk.bold(settings.address)}")
    if any((settings.home / "cache").iterdir()):
        # MLflow takes its time; the API does not need it to serve what it served last.
        talk.doing("Loading the last good version")
        if parts.wait_for(predicts, _CACHE_LIMIT_S, talk.tick):
            talk.done("It predicts already, with the last good version")
    talk.doing("Starting MLflow")
    parts.wait_until(mlflow_answers, "MLflow", _MLFLOW_LIMIT_S, talk.tick)
    talk.done("MLflow answers")
    if questions.version_in_production(platform.mlflow_uri, settings.model_name, settings.production) is None:
        talk.doing("No version is in Production: training a first one (logistic regression, 22,261 tweets)")
        parts.run(platform.train, talk.tick)
        talk.done("A first version is trained, registered and in Production")
    talk.doing("Waiting for a prediction")
    parts.wait_until(predicts, "A prediction", _PREDICTION_LIMIT_S, talk.tick)
    talk.done("A tweet was read, through the proxy")


def _summary(settings: DemoSettings, talk: Talk) -> None:
    mails = (
        f"sent to {settings.alert_to}"
        if settings.alert_to
        else "off; on with VIGIE_ALERT_TO=you@example.org VIGIE_SMTP_HOST=… make demo"
    )
    rows = (
        ("Page", talk.bold(settings.address)),
        ("API", f"{settings.address}/api/  {talk.quiet('POST /api/v1/predict')}"),
        ("MLflow", f"{settings.address}/mlflow/"),
        ("Alert mails", mails),
        ("Logs", str(settings.home / "logs")),
        ("Stop", "Ctrl-C"),
    )
    talk.say()
    for name, value in rows:
        talk.say(f"    {talk.quiet(f'{name:<12}')} {value}")
    talk.say(f"\n  Ready after {talk.seconds:.0f} s.\n")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _plain(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The disk is full. Make room, or keep the demo's data elsewhere: VIGIE_HOME=/path make demo"
    return f"{error.filename or 'A file'}: {error.strerror or error}. Is everything installed? make sync"


def _short(settings: DemoSettings) -> str:
    here = Path.cwd()
    return str(settings.home.relative_to(here) if settings.home.is_relative_to(here) else settings.home)


if __name__ == "__main__":
    sys.exit(main())
