"""Garbage: what MLflow was told to delete, and what nothing in MLflow refers to any more.

The bucket is listed before the database is asked: whatever is stored in between is referred to by then. An
object counts as garbage only where its name has a form that MLflow gives to files of runs and models, its run
or model is not in the database, and it is older than the days of grace.
"""

import re
from collections.abc import Iterable
from typing import Final

from .errors import StackError
from .objects import StoredObject, abandon_uploads, delete, stored
from .settings import Settings
from .stack import Stack, run
from .talk import Talk
from .words import count, size

# EXPERIMENT/RUN/artifacts/… and EXPERIMENT/models/MODEL/artifacts/…
_OWNER: Final = re.compile(r"^\d+/(?:models/(?P<model>m-[0-9a-f]{32})|(?P<run>[0-9a-f]{32}))/")
_DAY_S: Final = 86_400
_SHOWN: Final = 10

# Deleted long enough ago, and what MLflow's own collection would take.
_DELETED: Final = """
SELECT 'run', run_uuid, coalesce(deleted_time, 0) FROM runs WHERE lifecycle_stage = 'deleted'
UNION ALL
SELECT 'model', model_id, last_updated_timestamp_ms FROM logged_models WHERE lifecycle_stage = 'deleted'
"""
# MLflow does not look whether a registered version still needs them; experiments take their runs along.
_NEEDED: Final = """
SELECT DISTINCT v.name || ' version ' || v.version
FROM model_versions v
LEFT JOIN runs r ON r.run_uuid = v.run_id
LEFT JOIN logged_models m
       ON v.source = 'models:/' || m.model_id OR v.storage_location LIKE '%' || m.model_id || '%'
LEFT JOIN experiments e ON e.experiment_id = coalesce(m.experiment_id, r.experiment_id)
WHERE v.current_stage <> 'Deleted_Internal'
  AND 'deleted' IN (r.lifecycle_stage, m.lifecycle_stage, e.lifecycle_stage)
"""
_KNOWN: Final = "SELECT run_uuid FROM runs UNION ALL SELECT model_id FROM logged_models"


def collect(stack: Stack, settings: Settings, talk: Talk, *, delete_them: bool) -> None:
    """Show what is garbage, and delete it if asked to.

    Raises
    ------
    StackError
        If a registered version still needs something that was deleted.
    """
    for service in ("postgres", "minio", "mlflow"):
        part = stack.part(service)
        if part is None or not part.is_well(is_job=False):
            raise StackError(f"{stack.why(part, service)}; gc needs it.")
    needed = [row[0] for row in stack.query("mlflow", _NEEDED)]
    if needed:
        raise StackError(
            f"{', '.join(needed)} still needs a run, model or experiment that was deleted in MLflow. "
            "Restore that there, or delete the version first; until then nothing is collected."
        )
    limit_ms = f"(extract(epoch FROM now()) - {settings.grace_days * _DAY_S:.0f}) * 1000"
    deleted = stack.query("mlflow", f"SELECT * FROM ({_DELETED}) AS d (kind, id, at) WHERE at < {limit_ms}")  # noqa: S608 - ours
    talk.say(
        f"Deleted in MLflow more than {settings.grace_days:g} days ago: "
        f"{count(len(deleted), 'run or model', 'runs and models')}"
    )
    if deleted and delete_them:
        talk.doing("MLflow's own garbage collection")
        with stack.secrets["mlflow_admin_password"].open("rb") as password:
            command = stack.in_mlflow_image("collect.py", f"{settings.grace_days:g}")
            run(command, stack.root, stdin=password)

    objects = stored(stack)
    known = {row[0] for row in stack.query("mlflow", _KNOWN)}
    found = orphans(objects, known, settings.grace_days * _DAY_S)
    total = size(sum(item.bytes for item in found))
    talk.say(f"Objects that nothing refers to: {len(found):,} of {len(objects):,}, {total}")
    for item in found[:_SHOWN]:
        talk.say(f"  {size(item.bytes):>10}  {item.key}")
    if len(found) > _SHOWN:
        talk.say(f"  … and {len(found) - _SHOWN:,} more")
    if not delete_them:
        talk.done("Nothing was deleted. To delete: make gc DELETE=1")
        return
    delete(stack, (item.key for item in found))
    uploads = abandon_uploads(stack, settings.grace_days * 24)
    talk.done(
        f"Deleted {count(len(found), 'object')} ({total}) and {count(len(uploads), 'unfinished upload')}"
    )


def orphans(objects: Iterable[StoredObject], known: set[str], grace_s: float) -> list[StoredObject]:
    """Objects of runs and models that are not known, older than the grace, the largest first."""
    found = []
    for item in objects:
        owner = _OWNER.match(item.key)
        if owner and (owner["model"] or owner["run"]) not in known and item.age_s > grace_s:
            found.append(item)
    return sorted(found, key=lambda item: (-item.bytes, item.key))
