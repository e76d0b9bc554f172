"""The command says what is wrong in one line, and does so before anything long."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from sentiment_training.material import prepare
from sentiment_training.progress import SilentProgress
from sentiment_training.recipe_files import read_recipe

NOWHERE = {"VIGIE_MLFLOW_URI": "http://127.0.0.1:9/mlflow"}


def vigie(*arguments: str, env: Mapping[str, str] = NOWHERE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("vigie")), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, **env},
    )


def test_help_needs_neither_mlflow_nor_scikit_learn() -> None:
    program = "import sys, sentiment_training.cli; print({'mlflow', 'sklearn', 'pandas'} & set(sys.modules))"

    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "set()"
    assert "promote" in vigie("--help").stdout


def test_an_absent_mlflow_is_one_line_and_exit_code_2() -> None:
    answer = vigie("train")

    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr == (
        "vigie: MLflow does not answer at http://127.0.0.1:9/mlflow; start it (`make demo`, `make up`), "
        "or say where it is with --mlflow-uri or VIGIE_MLFLOW_URI\n"
    )


def test_a_password_in_the_address_is_not_repeated() -> None:
    answer = vigie("versions", env={"VIGIE_MLFLOW_URI": "http://me:secret@127.0.0.1:9/mlflow"})

    assert answer.returncode == 2
    assert "secret" not in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["evaluate", "1", "nowhere.csv"], "nowhere.csv: no such file"),
        (["train", "--data", "other"], "no package carries a data set 'other'"),
        (["train", "--eval", "airline"], "'airline' is not of the form NAME=FILE"),
        (["train", "--eval", "heldout=x.csv"], "does not begin with heldout"),
        (["train", "-o", "ngrams"], "'ngrams' is not of the form NAME=VALUE"),
        (["train", "-o", "c=1", "-o", "c=2"], "c is given twice, as 1 and as 2; leave one out"),
        (["train", "--test-share", "2"], "the share to hold out is 2; give one from 0.01 to 0.5"),
        (["grid", "--test-share", "0"], "the share to hold out is 0; give one from 0.01 to 0.5"),
        (["train", "-o", "expert=other"], "expert=other: it is none of the data sets"),
        (
            ["train", "--mlflow-uri", "127.0.0.1:5000"],
            "write one like http://127.0.0.1:5000, with --mlflow-uri",
        ),
        (
            ["versions", "--mlflow-uri", ""],
            "'' is no address of MLflow; write one like http://127.0.0.1:8080",
        ),
        (["train", "--experiment", " "], "--experiment is empty; name one, or leave it out"),
        (["train", "--name", "a/b"], "--name 'a/b': a registered model's name has a letter, and no /"),
        (["search", "--timeout", "nan"], "--timeout nan: give a number of seconds"),
        (["search", "--write-recipe", "."], "--write-recipe .: that is a folder; name a file in it"),
        (
            ["train", "--family", "encoder", "-o", "encoder=https://example.org/use/3"],
            "encoder=https://example.org/use/3: addresses are not read; the word use takes",
        ),
        (
            ["explore", "a.csv", "--out", "a.pdf"],
            "--out a.pdf: the report is an HTML page; give it the suffix",
        ),
        (["crossfit", "--out", "a.txt"], "--out a.txt: give it the suffix .parquet or .csv"),
        (["crossfit", "--out", "a.csv", "--also", "b.csv"], "'b.csv' is not of the form FILE=OUT"),
        (["crossfit", "--out", "a.csv", "--also", "b.csv=c.md"], "--also c.md: give it the suffix .parquet"),
        (["crossfit", "--out", "a.csv", "--also", "empty.csv=./a.csv"], "empty.csv: no such file"),
        (["crossfit", "--out", "a.csv", "--also", "nowhere.csv=b.csv"], "nowhere.csv: no such file"),
    ],
)
def test_what_was_typed_wrong_is_said_in_one_line(arguments: list[str], said: str) -> None:
    answer = vigie(*arguments)

    assert (answer.returncode, answer.stdout) == (2, "")
    assert said in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_debug_shows_the_traceback() -> None:
    assert "Traceback" in vigie("--debug", "evaluate", "1", "nowhere.csv").stderr


def test_bad_columns_are_named_before_mlflow_is_asked(a_file: Callable[..., str]) -> None:
    answer = vigie("evaluate", "1", a_file("odd.csv", {"tweet": ["a"], "label": [1]}))

    assert "odd.csv: no column text; found tweet, label" in answer.stderr


def test_answers_are_written_over_no_file_unless_that_is_asked_for(a_file: Callable[..., str]) -> None:
    file = a_file("tweets.csv", {"text": ["late again"]})
    answer = vigie("score", "1", file, "--out", file)
    assert answer.returncode == 2
    assert "there is a file already; give another name, or --force to replace it" in answer.stderr
    answer = vigie("score", "1", file, "--out", file, "--force")
    assert answer.returncode == 2
    assert "that is the file that is scored; give another name" in answer.stderr


def test_a_search_writes_over_no_file_but_what_one_wrote(a_file: Callable[..., str], tmp_path: Path) -> None:
    # Regression: a mistyped name took the data's place.
    data = a_file("mine.csv", {"text": ["good", "bad"], "label": [1, 0]})
    before = Path(data).read_bytes()
    answer = vigie("search", data, "--write-recipe", data)
    assert answer.returncode == 2
    assert f"--write-recipe {data}: there is a file already; give another name" in answer.stderr
    assert Path(data).read_bytes() == before
    written = tmp_path / "best.toml"
    written.write_text("# The best of 3 trials, by accuracy.\n")
    assert "there is a file" not in vigie("search", data, "--write-recipe", str(written)).stderr


def test_what_is_varied_is_what_a_recipe_learns(
    a_file: Callable[..., str], tweets: Callable[..., tuple[list[str], list[bool]]], tmp_path: Path
) -> None:
    texts, labels = tweets(400)
    label = [int(each) for each in labels]
    a_file("first.csv", {"text": [f"{each} one two" for each in texts[:200]], "label": label[:200]})
    a_file("second.csv", {"text": [f"{each} three" for each in texts[200:]], "label": label[200:]})
    recipe, out = tmp_path / "a.toml", tmp_path / "variants.parquet"
    recipe.write_text(
        'family = "logreg"\n[[data]]\nsource = "first.csv"\n[[data]]\nsource = "second.csv"\n'
        '[[data]]\nsource = "scored.csv"\nheld_out = false\n'
    )
    given = ["vary", "--recipe", str(recipe), "--data-folder", str(tmp_path), "--out", str(out)]

    answer = vigie(*given, "--data", "second", "--copies", "3")

    assert (answer.returncode, answer.stderr.count("Traceback")) == (0, 0)
    # What a model labelled was not there yet, and need not be.
    a_file("scored.csv", {"text": ["fine", "late"], "prediction": ["positive", "negative"]})
    material = prepare(read_recipe(recipe, tmp_path), SilentProgress(), validate=True)
    learned = material.splits[1].train.texts.to_pylist()
    made = pq.read_table(out)["text"].to_pylist()
    assert f"{len(made):,} variants of {len(learned)} tweets: {out}" in answer.stdout
    assert {word for text in made for word in text.split()} <= {
        word for text in learned for word in text.split()
    }
    assert "there is a file already" in vigie(*given).stderr
    unknown = vigie(*given, "--force", "--data", "scored")
    assert "--data scored: no data set has that name; there is first, second" in unknown.stderr


def test_variants_and_tweets_are_answered_by_who_has_not_learned_them(
    a_file: Callable[..., str], tweets: Callable[..., tuple[list[str], list[bool]]], tmp_path: Path
) -> None:
    texts, labels = tweets(400)
    a_file("mine.csv", {"text": texts, "label": [int(each) for each in labels]})
    recipe, variants, out = tmp_path / "a.toml", tmp_path / "variants.parquet", tmp_path / "answers.parquet"
    recipe.write_text('family = "logreg"\n[[data]]\nsource = "mine.csv"\n')
    of = ["--recipe", str(recipe), "--data-folder", str(tmp_path), "--folds", "3"]
    other = a_file("other.csv", {"text": ["late again", " ", "lovely crew"], "id": [1, 2, 3]})
    answered = tmp_path / "labelled.parquet", tmp_path / "other.parquet"
    given = ["crossfit", *of, "--out", str(out), "--cache-folder", str(tmp_path / "cache")]
    given += ["--also", f"{variants}={answered[0]}", "--also", f"{other}={answered[1]}"]

    assert vigie("vary", *of, "--copies", "2", "--out", str(variants)).returncode == 0
    answer = vigie(*given)

    assert (answer.returncode, answer.stderr.count("Traceback")) == (0, 0)
    learned = pq.read_table(out).to_pydict()
    assert {*learned} == {"text", "data", "label", "fold", "probability"}
    assert f"{len(learned['text'])} tweets, each answered by a model that has not learned it" in answer.stdout
    assert f"to learn from them: vigie train … -o teacher={out}" in answer.stderr
    right = [
        (p >= 0.5) == (label == "positive")
        for p, label in zip(learned["probability"], learned["label"], strict=True)
    ]
    assert sum(right) > 0.95 * len(right)
    made = pq.read_table(answered[0]).to_pydict()
    assert {*made["fold"]} == {"1/3", "2/3", "3/3"} == {*learned["fold"]}
    for text, fold in zip(made["text"], made["fold"], strict=True):
        # Each tweet ends with a number of its own: whoever has not learned one has not learned the other.
        numbers = [word for word in text.split() if word.isdigit()]
        sources = [each for each, own in zip(learned["text"], learned["fold"], strict=True) if own == fold]
        assert all(any(each.endswith(f" {number}") for each in sources) for number in numbers)
    assert pq.read_table(answered[1]).select(["text", "prediction"]).to_pydict() == {
        "text": ["late again", " ", "lovely crew"],
        "prediction": ["negative", None, "positive"],
    }

    assert "3 rows of other.csv, 1 of them without text" in answer.stdout
    for target in ("mine.csv", "other.csv"):
        over = vigie(*given, "--force", "--out", str(tmp_path / target))
        assert f"{target} is written to, and named elsewhere in the command" in over.stderr

    again = vigie(*given, "--force", "--folds", "4")
    assert (again.returncode, again.stdout) == (2, "")
    assert "variants.parquet: '1/3' is no fold of 4, as 1/4 is; give --folds as `vigie vary`" in again.stderr
    assert "there is a file already" in vigie(*given).stderr


def test_brackets_in_a_name_are_no_markup(a_file: Callable[..., str], tmp_path: Path) -> None:
    # Regression: `[/b]` ended in a traceback.
    texts = [f"{said} {number}" for number in range(100) for said in ("late again", "lovely crew")]
    tweets = a_file("tweets.csv", {"text": texts, "label": [0, 1] * 100})
    (tmp_path / "a[").mkdir()
    out = tmp_path / "a[/b].parquet"

    answer = vigie("crossfit", tweets, "--out", str(out), "--cache-folder", str(tmp_path / "cache"))

    assert (answer.returncode, answer.stderr.count("Traceback")) == (0, 0)
    assert f"a model that has not learned it: {out}" in answer.stdout
