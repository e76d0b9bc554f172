import base64
import os
import stat
from pathlib import Path

import pytest
from init import secret_files
from init.errors import WeakSecretError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "secrets"


def values(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_every_secret_is_random_and_long(folder: Path) -> None:
    secret_files.write(folder)
    first = values(folder)
    secret_files.write(folder.with_name("other"))
    second = values(folder.with_name("other"))

    assert len({first[name] for name in secret_files.PASSWORDS}) == len(secret_files.PASSWORDS)
    for name in secret_files.PASSWORDS:
        assert len(base64.urlsafe_b64decode(first[name] + "=")) == 32
        assert first[name] != second[name]


def test_the_folder_is_its_owners_alone_whatever_the_umask_was(folder: Path) -> None:
    before = os.umask(0)
    try:
        folder.mkdir(mode=0o777)
        secret_files.write(folder)
    finally:
        os.umask(before)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert {mode for name, mode in modes.items() if name not in secret_files.GIVEN} == {0o444}
    # Their owner writes into them, with `>` or an editor.
    assert {modes[name] for name in secret_files.GIVEN} == {0o644}


def test_a_second_run_changes_nothing(folder: Path) -> None:
    secret_files.write(folder)
    before = values(folder)

    assert secret_files.write(folder) == []
    assert values(folder) == before


def test_a_changed_password_is_carried_into_what_follows_from_it_in_the_same_file(folder: Path) -> None:
    """A container that has a file mounted would not see another file of the same name."""
    secret_files.write(folder)
    inodes = {path.name: path.stat().st_ino for path in folder.iterdir()}
    for name in ("api_db_password", "mlflow_viewer_password"):
        (folder / name).unlink()
    secret_files.write(folder)
    after = values(folder)

    assert f":{after['api_db_password']}@postgres" in after["api_database_url"]
    assert inodes["api_database_url"] == (folder / "api_database_url").stat().st_ino
    hashed = dict(line.split(":", 1) for line in after["mlflow_htpasswd"].splitlines())
    salt = base64.b64decode(hashed["viewer"].removeprefix("{SSHA}"))[20:]
    assert hashed["viewer"] == secret_files.ssha(after["mlflow_viewer_password"], salt)


def test_only_people_have_a_login_at_the_proxy(folder: Path) -> None:
    secret_files.write(folder)

    users = [line.split(":")[0] for line in (folder / "mlflow_htpasswd").read_text().splitlines()]
    assert users == ["admin", "editor", "viewer"]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("minioadmin", "everybody tries first"),
        ("Password1234", "everybody tries first"),
        ("changeme", "everybody tries first"),
        ("", "0 characters"),
        ("short", "5 characters"),
        ("a-long-one-with-a-slash/in-it", "letters, digits"),
        ("a-long-one-with-an-at@in-it", "letters, digits"),
        ("a long one with spaces in it", "letters, digits"),
    ],
)
def test_a_weak_or_unusable_secret_is_refused_and_says_what_to_do(folder: Path, value: str, why: str) -> None:
    folder.mkdir()
    (folder / "s3_root_password").write_text(value)

    with pytest.raises(WeakSecretError, match=why) as refused:
        secret_files.write(folder)
    assert "secrets/s3_root_password" in str(refused.value)
    assert "make init" in str(refused.value)
    if value:
        assert value not in str(refused.value)


def test_what_others_give_may_be_empty_or_hold_anything_but_what_everybody_tries(folder: Path) -> None:
    secret_files.write(folder)
    assert (folder / "smtp_password").read_text() == ""

    (folder / "smtp_password").chmod(0o600)
    (folder / "smtp_password").write_text("täst / with spaces @ and more")
    secret_files.write(folder)

    (folder / "smtp_password").write_text("password")
    with pytest.raises(WeakSecretError, match="smtp_password"):
        secret_files.write(folder)
