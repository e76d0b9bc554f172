"""`vigie explore`: kept in a real MLflow server as the artifact of a run, and looked at in a real browser."""

import re
import subprocess
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pandas as pd
import pytest
from playwright.sync_api import Browser, expect

from sentiment_training.datasets import load_rows
from sentiment_training.exploration.exploration import explore
from sentiment_training.exploration.page import report
from sentiment_training.progress import SilentProgress

with warnings.catch_warnings():
    # MLflow warns about its own type hints, once, when it is imported.
    warnings.simplefilter("ignore")
    from mlflow import MlflowClient

pytestmark = pytest.mark.slow
Vigie = Callable[..., "subprocess.CompletedProcess[str]"]
File = Callable[..., str]


def test_the_report_is_an_artifact_of_a_run(
    vigie: Vigie, tweets_file: File, mlflow_uri: str, tmp_path: Path
) -> None:
    out = tmp_path / "report.html"
    answer = vigie(
        *("explore", tweets_file("looked-at.csv"), "--out", str(out), "--rows", "200"),
        *("--log", "--experiment", "looks"),
    )
    assert answer.returncode == 0, answer.stderr

    client = MlflowClient(mlflow_uri, mlflow_uri)
    experiment = client.get_experiment_by_name("looks")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.params["data"] == "looked-at"
    assert run.data.metrics["texts.positive"] + run.data.metrics["texts.negative"] > 500
    kept = Path(client.download_artifacts(run.info.run_id, "exploration/report.html", str(tmp_path)))
    assert kept.read_bytes() == out.read_bytes()
    assert f"/runs/{run.info.run_id}" in answer.stdout.replace("\n", "")


def test_a_server_that_is_away_is_said_before_any_long_work(
    vigie: Vigie, tweets_file: File, tmp_path: Path
) -> None:
    out = tmp_path / "report.html"
    answer = vigie(
        *("explore", tweets_file("looked-at.csv"), "--out", str(out), "--log"),
        *("--mlflow-uri", "http://127.0.0.1:9"),
    )
    assert answer.returncode != 0
    assert answer.stderr.startswith("vigie: ")
    assert not out.exists()


@pytest.fixture(scope="module")
def report_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with three classes, dates, long texts, and a first day with too few of them."""
    pytest.importorskip("wordcloud", reason="word clouds need the extra explore")
    texts = [
        f"{said} {i % 23}" * (1 + i % 40) for i in range(80) for said in ("bad bag ", "so so ", "good! ")
    ]
    days = ["2026-11-01"] * 3 + [f"2026-11-{3 + i % 20:02}" for i in range(237)]
    file = tmp_path_factory.mktemp("explored") / "made-up.csv"
    pd.DataFrame({"text": texts, "label": ["0", "neutral", "1"] * 80, "date": days}).to_csv(file, index=False)
    found = explore([load_rows(str(file))], SilentProgress(), rows=200, seed=0)
    page = file.with_suffix(".html")
    page.write_text(report(found, "made-up", datetime.now(UTC), {}), "utf-8")
    return page


@pytest.mark.browser
@pytest.mark.parametrize("mood", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 390, 1280])
def test_the_report_fits_its_window_and_its_pictures_are_whole(
    browser: Browser, report_page: Path, width: int, mood: Literal["light", "dark"]
) -> None:
    # Regression: phones scrolled sideways, and showed "100 %" as "00 %".
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=mood)
    page.goto(report_page.as_uri())

    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    cut = """[...document.querySelectorAll('.chart text')].filter((text) => {
        const [inner, outer] = [text, text.ownerSVGElement].map((each) => each.getBoundingClientRect());
        return inner.left < outer.left || inner.right > outer.right || inner.bottom > outer.bottom;
    }).map((text) => text.textContent)"""
    assert page.evaluate(cut) == []
    page.close()


@pytest.mark.browser
def test_a_tap_shows_the_text_of_a_sign_though_the_page_runs_no_script(
    browser: Browser, report_page: Path
) -> None:
    # Regression: only a mouse could read them.
    context = browser.new_context(viewport={"width": 360, "height": 780}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(report_page.as_uri())
    first_map = page.locator(".map").first
    said = first_map.locator("[tabindex] p:visible")
    expect(said).to_have_count(0)

    sign = first_map.locator("[tabindex] path").last
    sign.scroll_into_view_if_needed()
    sign.tap()

    expect(said).to_have_count(1)
    expect(said).to_have_text(re.compile("bad bag|so so|good!"))
    context.close()
