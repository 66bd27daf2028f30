"""The parts of a dashboard, and the shapes that its PromQL takes."""

from dataclasses import dataclass

WINDOW = "[$__rate_interval]"  # Grafana's: at least four scrapes, whatever the zoom
ZERO = " or on() vector(0)"


@dataclass(frozen=True, slots=True)
class Query:
    """One expression; `legend` names its series, labels in double braces."""

    expression: str
    legend: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One panel; `unit` is one of Grafana's. `single` shows the last value large."""

    title: str
    meaning: str
    unit: str
    queries: tuple[Query, ...]
    single: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Panels under one heading; all of the same width, which divides Grafana's 24 columns."""

    title: str
    width: int
    charts: tuple[Chart, ...]


def rate(metric: str, by: str, where: str = "") -> str:
    """A counter's increase per second, added up over the processes."""
    return f"sum by ({by}) (rate({metric}{where}{WINDOW}))"


def quantiles(metric: str, by: str, where: str = "") -> tuple[Query, ...]:
    """The median and the 95th percentile of a histogram."""
    rates = rate(f"{metric}_bucket", f"{by}, le", where)
    return tuple(
        Query(f"histogram_quantile({share}, {rates})", f"{{{{{by}}}}} {name}")
        for share, name in ((0.5, "p50"), (0.95, "p95"))
    )


def one(expression: str, legend: str = "") -> tuple[Query, ...]:
    """A single query."""
    return (Query(expression, legend),)
