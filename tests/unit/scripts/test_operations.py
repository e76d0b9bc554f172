from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from operations import fingerprints, garbage, settings, status, words
from operations.archive import path_for
from operations.errors import BusyError, DeclinedError, SettingError
from operations.lock import sole_operation
from operations.objects import StoredObject
from operations.stack import Part
from operations.talk import Talk
from operations.update import changed_images

RUN, MODEL = "0123456789abcdef" * 2, "m-" + "fedcba9876543210" * 2
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def a_part(**changes: object) -> Part:
    plain: dict[str, object] = {
        "service": "api", "container": "c", "state": "running", "health": "healthy", "exit_code": 0,
        "image": "vigie/api:latest", "image_id": "sha256:1", "version": "", "revision": "", "last_check": "",
        "started_at": "",
    }  # fmt: skip
    return Part(**(plain | changes))  # type: ignore[arg-type]


def test_secrets_are_told_apart_without_being_kept(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("same", "changed", "new", "gone")}
    for name in ("same", "changed", "gone"):
        files[name].write_text(f"secret of {name}")
    salt, then = fingerprints.fingerprints(files)
    files["changed"].write_text("another")
    files["new"].write_text("new")
    files["gone"].unlink()

    assert fingerprints.differing(files, salt, then) == ["changed", "gone", "new"]
    assert "secret" not in str(then)


def test_the_same_secret_has_another_fingerprint_in_another_backup(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("secret")

    _, first = fingerprints.fingerprints({"a": tmp_path / "a"})
    _, second = fingerprints.fingerprints({"a": tmp_path / "a"})

    assert first != second


@pytest.mark.parametrize(
    ("key", "garbage_"),
    [
        (f"1/{RUN}/artifacts/plot.png", True),
        (f"12/models/{MODEL}/artifacts/bundle/model.onnx", True),
        ("1/models/m-known/artifacts/x", False),
        (f"1/traces/tr-{RUN}/artifacts/traces.json", False),
        ("something/of/somebody/else", False),
        (f"{RUN}/artifacts", False),
        (f"1/{RUN}x/artifacts/y", False),
        (f"x/1/{RUN}/artifacts/y", False),
    ],
)
def test_only_files_of_runs_and_models_are_ever_garbage(key: str, garbage_: bool) -> None:
    item = StoredObject(key, 10, 1e9)

    assert ([item] if garbage_ else []) == garbage.orphans([item], set(), 7 * 86_400)


def test_what_is_known_or_young_is_no_garbage() -> None:
    items = [
        StoredObject(f"1/{RUN}/artifacts/a", 1, 1e9),
        StoredObject(f"1/models/{MODEL}/artifacts/a", 2, 1e9),
        StoredObject(f"1/{'f' * 32}/artifacts/young", 3, 100),
        StoredObject(f"1/{'f' * 32}/artifacts/old", 4, 101),
    ]

    assert items[3:] == garbage.orphans(items, {RUN, MODEL}, 100)


def test_settings_of_the_environment_win_over_those_of_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "# comment\nVIGIE_BACKUP_KEEP=3 # three\nexport VIGIE_IMAGE_PREFIX='me'\n"
        'VIGIE_BACKUPS="/mnt/a b"\n\nx\n'
    )

    chosen = settings.read({"VIGIE_BACKUP_KEEP": "5", "YES": "1", "VIGIE_GC_GRACE_DAYS": ""}, tmp_path)

    assert (chosen.keep, chosen.build, chosen.backups) == (5, False, Path("/mnt/a b"))
    assert chosen.answer_yes
    assert chosen.grace_days == 7


@pytest.mark.parametrize("value", ["0", "-1", "seven", "nan"])
def test_a_number_that_cannot_be_is_refused_by_name(tmp_path: Path, value: str) -> None:
    with pytest.raises(SettingError, match=r"VIGIE_BACKUP_KEEP is .*at least 1"):
        settings.read({"VIGIE_BACKUP_KEEP": value}, tmp_path)


def test_one_operation_runs_at_a_time_and_the_second_is_told_which(tmp_path: Path) -> None:
    with (
        sole_operation(tmp_path, "gc"),
        pytest.raises(BusyError, match=r"`make gc` \(process \d+\) is under way"),
        sole_operation(tmp_path, "backup"),
    ):
        pytest.fail("both ran")
    with sole_operation(tmp_path, "backup"):
        pass


def test_where_nobody_can_be_asked_nothing_is_overwritten() -> None:
    with pytest.raises(DeclinedError, match="YES=1"):
        Talk().confirm("Replace everything?")
    Talk(answer_yes=True).confirm("Replace everything?")


@pytest.mark.parametrize(
    ("changes", "is_job", "well"),
    [
        ({}, False, True),
        ({"health": ""}, False, True),
        ({"health": "starting"}, False, False),
        ({"health": "unhealthy"}, False, False),
        ({"state": "exited"}, False, False),
        ({"state": "exited", "health": ""}, True, True),
        ({"state": "exited", "health": "", "exit_code": 1}, True, False),
        ({"state": "running", "health": ""}, True, False),
    ],
)
def test_a_server_is_well_when_healthy_and_a_job_when_done(
    changes: dict[str, object], is_job: bool, well: bool
) -> None:
    assert a_part(**changes).is_well(is_job=is_job) is well


def test_an_update_sees_which_images_are_others_now() -> None:
    api, page = a_part(), a_part(service="ui", image="vigie/ui:latest", image_id="sha256:2")

    assert changed_images([api, page], {"api": "sha256:9", "ui": "sha256:2"}) == [api]
    assert changed_images([api, page], {"ui": "sha256:2"}) == []


def test_an_old_backup_or_none_is_trouble(tmp_path: Path) -> None:
    assert "make backup" in status.backup_line(tmp_path, 48, NOW).trouble
    path_for(tmp_path, NOW - timedelta(hours=47)).write_text("")
    assert status.backup_line(tmp_path, 48, NOW).trouble == ""
    assert "older than 46 h" in status.backup_line(tmp_path, 46, NOW).trouble


def test_numbers_are_said_as_a_person_reads_them() -> None:
    assert [words.size(n) for n in (0, 1023, 1536, 5 * 2**30)] == ["0 B", "1023 B", "1.5 KiB", "5.0 GiB"]
    spans = [
        timedelta(seconds=59),
        timedelta(minutes=2),
        timedelta(hours=3, minutes=4),
        timedelta(days=1, hours=2),
    ]
    assert [words.span(s) for s in spans] == ["under a minute", "2 min", "3 h 4 min", "1 day 2 h"]
    assert [words.count(1, "object"), words.count(2048, "object")] == ["1 object", "2,048 objects"]
