"""Dashboard, alerts and runbook speak of the same: metrics that exist, alerts that are told."""

import json
import re
from pathlib import Path

import pytest
import yaml
from prometheus_client import Counter, Histogram
from prometheus_client.metrics import MetricWrapperBase

from ops.grafana import dashboard
from pipeline import metrics

ROOT = Path(__file__).parents[2]
PROVISIONING = ROOT / "ops" / "grafana" / "provisioning"
RUNBOOK = ROOT / "ops" / "docs" / "runbook.md"
ALERTS = [
    rule
    for group in yaml.safe_load((ROOT / "ops" / "prometheus" / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
    if "alert" in rule
]
BOARD = json.loads(dashboard.FILE.read_text())
PANELS = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]]


def series():
    """The series of each metric, by the metric's name in the source."""
    found = {}
    for name, metric in vars(metrics).items():
        if isinstance(metric, MetricWrapperBase):
            (family,) = metric.describe()
            endings = {Counter: ("_total",), Histogram: ("_bucket", "_count", "_sum")}
            found[name] = {family.name + end for end in endings.get(type(metric), ("",))}
    return found


def named_in(expressions):
    words = re.findall(r"(?<![\w:])tidemark_\w+", " ".join(expressions))
    return set(words)


def test_the_committed_dashboard_is_that_of_today():
    assert dashboard.FILE.read_text() == dashboard.render(), "run python -m ops.grafana.dashboard"


def test_every_panel_has_a_title_a_meaning_and_a_question():
    for panel in PANELS:
        assert panel["title"]
        assert panel["description"]
        assert panel["targets"]


def test_panels_do_not_overlap():
    cells = [
        (x, y)
        for panel in BOARD["panels"]
        for at in [panel["gridPos"]]
        for x in range(at["x"], at["x"] + at["w"])
        for y in range(at["y"], at["y"] + at["h"])
    ]

    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) == 23


def test_the_dashboard_shows_every_metric():
    shown = named_in(EXPRESSIONS)

    assert {name for name, own in series().items() if not own & shown} == set()


@pytest.mark.parametrize(
    "expressions", [EXPRESSIONS, [alert["expr"] for alert in ALERTS]], ids=["dashboard", "alerts"]
)
def test_only_series_that_exist_are_asked_for(expressions):
    named = named_in(expressions)

    assert named
    assert named <= set().union(*series().values())


def test_the_dashboard_asks_the_data_source_that_is_provisioned():
    file = PROVISIONING / "datasources" / "prometheus.yml"
    (source,) = yaml.safe_load(file.read_text())["datasources"]
    asked = {(one["type"], one["uid"]) for panel in PANELS for one in [panel["datasource"]]}

    assert asked == {(source["type"], source["uid"])}


def test_grafana_counts_on_the_interval_at_which_prometheus_scrapes():
    scraping = yaml.safe_load((ROOT / "ops" / "prometheus" / "prometheus.yml").read_text())
    source = yaml.safe_load((PROVISIONING / "datasources" / "prometheus.yml").read_text())

    interval = source["datasources"][0]["jsonData"]["timeInterval"]
    assert interval == scraping["global"]["scrape_interval"]


def test_the_runbook_has_an_action_for_each_alert_and_for_no_other():
    told = re.findall(r"^### (Tidemark\w+)$", RUNBOOK.read_text(), re.MULTILINE)

    assert sorted(told) == sorted(alert["alert"] for alert in ALERTS)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_says_how_urgent_it_is_and_what_is_wrong(alert):
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert alert["annotations"]["summary"]
