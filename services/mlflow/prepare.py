"""Bring MLflow's databases to its version and its users to the secrets' passwords; made to be repeated.

Four users. Everybody whom the login knows may look at everything (READ). Beyond that:

admin   everything, other users too
editor  changes every experiment and registered model: trains, registers, promotes
viewer  nothing; the proxy in front also refuses what a login alone would allow: new experiments and models
api     changes model versions, to tag what it refuses. It could also move a version to another stage, but not
        register one, set an alias or delete; and it cannot log in from outside: the proxy does not know it
"""

import os
from dataclasses import dataclass

import configuration


@dataclass(frozen=True)
class User:
    """A user, and what it may change: kinds of things, all of each."""

    name: str
    may_edit: tuple[str, ...] = ()
    is_admin: bool = False


USERS = (
    User("admin", is_admin=True),
    User("editor", may_edit=("experiment", "registered_model")),
    User("viewer"),
    User("api", may_edit=("registered_model_version",)),
)


def main() -> None:
    """Do it, databases first."""
    chosen = configuration.read()
    # MLflow reads these while it is imported.
    os.environ["MLFLOW_AUTH_CONFIG_PATH"] = str(configuration.write_auth_file(chosen))
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    _upgrade(chosen.database_url)
    _make_users(chosen.users_database_url)


def _upgrade(database_url: str) -> None:
    from mlflow.store.db import utils  # noqa: PLC0415 - after the environment is set

    engine = utils.create_sqlalchemy_engine_with_retry(database_url)
    # Both names are private and MLflow's version is pinned: `mlflow db upgrade` and the server's first start
    # do the same, but one shows the password among the processes and the other leaves an old schema as it is.
    utils._safe_initialize_tables(engine)
    utils._upgrade_db(engine)
    engine.dispose()


def _make_users(database_url: str) -> None:
    from mlflow.server.auth import store  # noqa: PLC0415 - after the environment is set

    store.init_db(database_url)
    for user in USERS:
        password = configuration.secret(f"mlflow_{user.name}_password")
        if not store.has_user(user.name):
            store.create_user(user.name, password, is_admin=user.is_admin)
        elif not store.authenticate_user(user.name, password):
            store.update_user(user.name, password=password)
        for kind in user.may_edit:
            store.grant_user_permission(user.name, kind, "*", "EDIT")
    print(f"users_ready names={','.join(user.name for user in USERS)}")


if __name__ == "__main__":
    main()
