"""``python -m scripts.operations VERB``: backup, restore, status, update, gc, reports."""

import argparse
import os
import sys
from pathlib import Path

from .backup import back_up
from .errors import OperationError
from .garbage import collect
from .lock import sole_operation
from .reports import write_reports
from .restore import restore
from .settings import ROOT, Settings, read
from .stack import Stack
from .status import report
from .talk import Talk
from .update import update


def main() -> int:
    """Run an operation; 0 if all is well, 1 with a sentence if not."""
    arguments = _parser().parse_args()
    talk = Talk()
    try:
        settings = read(os.environ)
        talk = Talk(answer_yes=settings.answer_yes)
        stack = Stack(ROOT)
        if arguments.verb == "status":
            return 0 if report(stack, settings, talk) else 1
        if arguments.verb == "reports":
            write_reports(stack, arguments.out, settings, talk)
            return 0
        with sole_operation(settings.backups, arguments.verb):
            _run(arguments, stack, settings, talk)
    except OperationError as error:
        talk.trouble(str(error))
        return 1
    except KeyboardInterrupt:
        talk.trouble("Stopped half-way. `make status` says how things are; `make up` starts what is stopped.")
        return 130
    return 0


def _run(arguments: argparse.Namespace, stack: Stack, settings: Settings, talk: Talk) -> None:
    match arguments.verb:
        case "backup":
            back_up(stack, settings, talk)
        case "restore":
            restore(stack, arguments.archive, settings, talk)
        case "update":
            update(stack, settings, talk)
        case "gc":
            collect(stack, settings, talk, delete_them=arguments.delete)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/operate", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("backup")
    verbs.add_parser("restore").add_argument("archive", type=Path)
    verbs.add_parser("status")
    verbs.add_parser("update")
    verbs.add_parser("reports").add_argument("out", type=Path, nargs="?")
    verbs.add_parser("gc").add_argument("--delete", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main())
