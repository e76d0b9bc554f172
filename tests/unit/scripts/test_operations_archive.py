import hashlib
import json
import tarfile
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from operations import archive
from operations.errors import ArchiveError, DamagedError, TooNewError

MOMENT = datetime(2026, 11, 21, 9, 15, 12, tzinfo=UTC)


def a_stream(objects: dict[str, bytes], *, whole: bool = True) -> BytesIO:
    """What the container of the store's key writes."""
    stream = BytesIO()
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for key, content in objects.items():
            info = tarfile.TarInfo(f"objects/{key}")
            info.size = len(content)
            info.pax_headers = {"VIGIE.key": key, "VIGIE.type": "text/plain"}
            tar.addfile(info, BytesIO(content))
        if whole:
            end = json.dumps({"objects": len(objects), "bytes": 1, "vanished": []}).encode()
            info = tarfile.TarInfo("end.json")
            info.size = len(end)
            tar.addfile(info, BytesIO(end))
    stream.seek(0)
    return stream


def an_archive(folder: Path, objects: dict[str, bytes] | None = None) -> Path:
    path = archive.path_for(folder, MOMENT)
    (folder / "dump").write_bytes(b"PGDMP and more")
    with archive.create(path, MOMENT) as writer:
        writer.add_file("databases/mlflow.dump", folder / "dump")
        end = writer.add_objects(a_stream({"1/a/model.onnx": b"graph"} if objects is None else objects))
        writer.finish({"objects": end})
    return path


def test_what_was_put_in_comes_out_whole(tmp_path: Path) -> None:
    objects = {"1/ü/with space": b"", "x" * 300: b"long name", "ends/with/slash/": b"kept", "a//b": b"2"}

    path = an_archive(tmp_path, objects)

    manifest = archive.verify(path)
    found = {member.key: content.read() for member, content in archive.read(path) if member.key}
    assert objects == found
    assert manifest["objects"]["objects"] == 4
    assert manifest["created_at"] == "2026-11-21T09:15:12+00:00"


def test_the_checksum_beside_it_is_one_that_sha256sum_reads(tmp_path: Path) -> None:
    path = an_archive(tmp_path)

    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert f"{digest}  {path.name}\n" == (tmp_path / f"{path.name}.sha256").read_text()
    archive.check_checksum(path)


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    assert an_archive(tmp_path).stat().st_mode & 0o777 == 0o600


def test_every_single_changed_byte_of_content_is_found(tmp_path: Path) -> None:
    path = an_archive(tmp_path)
    whole = path.read_bytes()
    for place in (whole.index(b"PGDMP"), whole.index(b"graph"), whole.index(b"and more")):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        path.write_bytes(damaged)

        with pytest.raises(DamagedError, match=r"is damaged: .* is not what was written"):
            archive.verify(path)
        with pytest.raises(DamagedError, match="names another sha256"):
            archive.check_checksum(path)


@pytest.mark.parametrize("part", [0.2, 0.5, 0.9])
def test_an_archive_that_is_cut_off_is_refused(tmp_path: Path, part: float) -> None:
    path = an_archive(tmp_path, {"1/a/b": b"x" * 100_000})
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * part)])

    with pytest.raises(DamagedError, match=r"cut off|damaged"):
        archive.verify(path)


def test_an_archive_without_one_of_its_members_is_refused(tmp_path: Path) -> None:
    path = an_archive(tmp_path)
    with (
        tarfile.open(path) as old,
        tarfile.open(tmp_path / "less.tar", "w", format=tarfile.PAX_FORMAT) as new,
    ):
        for info in old:
            if not info.name.endswith(".dump"):
                new.addfile(info, old.extractfile(info))

    with pytest.raises(DamagedError, match=r"databases/mlflow\.dump is missing"):
        archive.verify(tmp_path / "less.tar")


def test_a_newer_format_is_refused_before_anything_else_is_read(tmp_path: Path) -> None:
    path = tmp_path / "newer.tar"
    with tarfile.open(path, "w") as tar:
        first = json.dumps({"format_version": archive.FORMAT_VERSION + 1}).encode()
        info = tarfile.TarInfo("vigie-backup.json")
        info.size = len(first)
        tar.addfile(info, BytesIO(first))

    with pytest.raises(TooNewError, match=r"has format 2; this Vigie reads up to 1.*update this one first"):
        archive.verify(path)


def test_what_is_no_backup_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("hello")
    with tarfile.open(tmp_path / "other.tar", "w") as tar:
        tar.add(tmp_path / "text", "text")

    with pytest.raises(DamagedError, match="damaged or no backup"):
        archive.verify(tmp_path / "text")
    with pytest.raises(ArchiveError, match="no backup of Vigie: it begins with text"):
        archive.verify(tmp_path / "other.tar")
    with pytest.raises(ArchiveError, match="does not exist"):
        archive.verify(tmp_path / "absent")


def test_a_bucket_that_stops_half_way_leaves_no_archive(tmp_path: Path) -> None:
    path = archive.path_for(tmp_path, MOMENT)

    with pytest.raises(ArchiveError, match="Nothing was kept"), archive.create(path, MOMENT) as writer:
        writer.add_objects(a_stream({"a": b"1"}, whole=False))

    assert list(tmp_path.iterdir()) == []


def test_only_the_newest_are_kept_and_strangers_are_left_alone(tmp_path: Path) -> None:
    for day in (1, 2, 3, 4):
        path = archive.path_for(tmp_path, MOMENT.replace(day=day))
        path.write_text("")
        path.with_name(f"{path.name}.sha256").write_text("")
    (tmp_path / "vigie-before-the-move-Z.tar").write_text("mine")
    said: list[str] = []

    archive.drop_old(tmp_path, 2, said.append)

    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "vigie-20261103T091512Z.tar",
        "vigie-20261103T091512Z.tar.sha256",
        "vigie-20261104T091512Z.tar",
        "vigie-20261104T091512Z.tar.sha256",
        "vigie-before-the-move-Z.tar",
    ]
    assert len(said) == 2
