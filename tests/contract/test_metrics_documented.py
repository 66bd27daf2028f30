"""The README's table says of every metric what the source says; no label names a person."""

import re
from pathlib import Path

import pytest
from prometheus_client import Counter
from prometheus_client.metrics import MetricWrapperBase

from pipeline import metrics

README = Path(__file__).parents[2] / "README.md"
METRICS = [each for each in vars(metrics).values() if isinstance(each, MetricWrapperBase)]
LABELS = {"consumer", "outcome", "reason", "partition", "store", "method", "route", "status"}
UNITS = ("_total", "_seconds", "_records", "_assigned", "_waiting", "_up")


def exposed(metric):
    """Its name as Prometheus shows it: the client library hides a counter's last word."""
    (family,) = metric.describe()
    return f"{family.name}_total" if isinstance(metric, Counter) else family.name


def labels(metric):
    return list(metric._labelnames)


@pytest.fixture(scope="module")
def table():
    """The rows that open with a metric: name -> the row's other cells."""
    lines = [line for line in README.read_text().splitlines() if line.startswith("| `tidemark_")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0].strip("`"): row[1:] for row in rows}


def test_the_table_has_every_metric_and_no_other(table):
    assert sorted(table) == sorted(exposed(metric) for metric in METRICS)


@pytest.mark.parametrize("metric", METRICS, ids=exposed)
def test_the_table_says_of_a_metric_what_the_source_says(metric, table):
    named, meaning = table[exposed(metric)]
    (family,) = metric.describe()

    assert re.findall(r"`(\w+)`", named) == labels(metric)
    assert meaning == family.documentation


@pytest.mark.parametrize("metric", METRICS, ids=exposed)
def test_labels_are_from_closed_sets_and_never_name_a_person(metric):
    assert set(labels(metric)) <= LABELS


@pytest.mark.parametrize("metric", METRICS, ids=exposed)
def test_a_name_is_a_thing_and_its_unit(metric):
    name = exposed(metric)

    assert re.fullmatch(r"tidemark_[a-z]+(_[a-z]+)*", name)
    assert name.endswith(UNITS)
