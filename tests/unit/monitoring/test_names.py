"""The dashboard and the rules ask for what the API really exposes."""

import json
import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from sentiment_api.metrics import Metrics

MONITORING = Path(__file__).resolve().parents[3] / "monitoring"
RULES = (MONITORING / "prometheus/rules.yml").read_text("utf-8")
DASHBOARD = json.loads((MONITORING / "grafana/dashboards/vigie.json").read_text("utf-8"))


def exposed() -> set[str]:
    """Every name that a query may use; labelled ones are there before they have a value."""
    found = set()
    for family in text_string_to_metric_families(Metrics().page().decode()):
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(family.type, [""])
        found |= {family.name + suffix for suffix in suffixes}
    return found


def asked(text: str) -> set[str]:
    return set(re.findall(r"\bvigie_[a-z_]+\b", text))


def recorded() -> set[str]:
    return set(re.findall(r"record: (\S+)", RULES))


def queries() -> list[str]:
    targets = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return [*targets, *(note["expr"] for note in DASHBOARD["annotations"]["list"])]


def test_every_metric_that_a_rule_asks_for_is_exposed() -> None:
    assert asked(RULES) - exposed() == set()


def test_every_metric_that_the_dashboard_asks_for_is_exposed_or_recorded() -> None:
    text = "\n".join(queries())

    assert asked(text) - exposed() == set()
    assert set(re.findall(r"\bvigie:[a-z0-9_:]+", text)) - recorded() == set()


def test_every_panel_says_what_it_shows_and_none_covers_another() -> None:
    covered: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert panel["description"]
        assert not covered & cells
        covered |= cells


def test_every_alert_says_what_it_is_and_what_to_do() -> None:
    alerts = RULES.count("- alert: ")

    assert alerts == RULES.count("summary: ") == RULES.count("what_to_do: ") == RULES.count("severity: ")
