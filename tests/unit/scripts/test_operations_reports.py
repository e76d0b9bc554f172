"""`make reports`: a file to train on, whole or not at all, and over no other."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from operations import settings
from operations.errors import CommandError, OperationError, StackError
from operations.reports import write_reports
from operations.talk import Talk

from sentiment_training.datasets import load_dataset

REPORTED = """text,label,predicted_label,probability,model_version,comment,received_at
"three hours late,
great job @user",negative,positive,0.87,7,sarcasm,2026-11-26 10:00:00+00
lovely crew,positive,negative,0.2,7,,2026-11-26 10:01:00+00
"""


@dataclass
class FakeStack:
    """A database that says what the test wants."""

    answer: str = REPORTED
    is_up: bool = True
    fails: bool = False

    def part(self, _service: str) -> "FakeStack | None":
        return self if self.is_up else None

    def is_well(self, *, is_job: bool) -> bool:
        return not is_job

    def why(self, _part: object, service: str) -> str:
        return f"{service} is not there (make up)"

    @contextmanager
    def reading(self, _command: Sequence[str]) -> Iterator[io.BytesIO]:
        yield io.BytesIO(self.answer.encode())
        if self.fails:
            raise CommandError("psql ended with 1")


def written(root: Path, stack: FakeStack, out: Path | None = None) -> None:
    write_reports(stack, out, settings.read({}, root), Talk())  # type: ignore[arg-type]  # a fake


def test_reports_are_a_data_set_to_train_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path, FakeStack())

    (file,) = (tmp_path / "data").iterdir()
    assert file.name.startswith("reports-2")
    assert file.stat().st_mode & 0o777 == 0o644
    assert f"2 reports written to {file}" in capsys.readouterr().out
    found = load_dataset(str(file))
    assert found.texts.to_pylist() == ["three hours late,\ngreat job @user", "lovely crew"]
    assert found.labels.tolist() == [False, True]


@pytest.mark.parametrize(
    ("stack", "error", "why"),
    [
        (FakeStack(is_up=False), StackError, "postgres is not there"),
        (FakeStack(answer=REPORTED.splitlines()[0] + "\n"), OperationError, "Nothing was reported yet"),
        (FakeStack(fails=True), CommandError, "psql ended with 1"),
    ],
)
def test_what_cannot_be_had_leaves_nothing_behind(
    tmp_path: Path, stack: FakeStack, error: type[Exception], why: str
) -> None:
    with pytest.raises(error, match=why):
        written(tmp_path, stack, tmp_path / "mine.csv")

    assert list(tmp_path.iterdir()) == []


def test_a_file_that_somebody_worked_on_stays(tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_text("text,label\nmended,negative\n")

    with pytest.raises(OperationError, match="is there already"):
        written(tmp_path, FakeStack(), mine)
    assert "mended" in mine.read_text()

    with pytest.raises(OperationError, match=r"cannot be written: .*Name another: OUT="):
        written(tmp_path, FakeStack(), mine / "reports.csv")
