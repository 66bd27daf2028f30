"""The dashboard's JSON: `python -m ops.grafana.dashboard` writes the file that is provisioned.

Needs the development dependency grafana-foundation-sdk; Grafana itself needs only the file.
"""

import json
from itertools import count
from pathlib import Path

from grafana_foundation_sdk.builders import common, stat, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard, Row
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    LegendDisplayMode,
    LegendPlacement,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, DataSourceRef

from ops.grafana.charts import Chart, Query
from ops.grafana.panels import GROUPS

FILE = Path(__file__).parent / "provisioning" / "dashboards" / "tidemark.json"
SOURCE = DataSourceRef("prometheus", "tidemark-prometheus")  # as provisioned

_CHART_HEIGHT, _SINGLE_HEIGHT = 8, 4  # Grafana's grid rows

Panel = timeseries.Panel | stat.Panel


def render() -> str:
    """The dashboard as the text of its file."""
    board = (
        Dashboard("Tidemark")
        .uid("tidemark")
        .description("From the published event to the answer, stage by stage.")
        .tags(["tidemark"])
        .time("now-1h", "now")
        .refresh("10s")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .readonly()
    )
    numbers = count(1)
    for group in GROUPS:
        board.with_row(Row(group.title).id(next(numbers)))
        for chart in group.charts:
            board.with_panel(_panel(chart).id(next(numbers)).span(group.width))
    return json.dumps(board.build(), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


def _panel(chart: Chart) -> Panel:
    panel = _single() if chart.single else _over_time()
    panel.title(chart.title).description(chart.meaning).unit(chart.unit).datasource(SOURCE)
    for letter, query in zip("ABCDEFGH", chart.queries, strict=False):
        panel.with_target(_target(query, letter))
    return panel


def _single() -> Panel:
    last = common.ReduceDataOptions().calcs(["lastNotNull"])
    return stat.Panel().height(_SINGLE_HEIGHT).reduce_options(last)


def _over_time() -> Panel:
    legend = (
        common.VizLegendOptions()
        .display_mode(LegendDisplayMode.LIST)
        .placement(LegendPlacement.BOTTOM)
        .show_legend(True)
    )
    return (
        timeseries.Panel()
        .height(_CHART_HEIGHT)
        .min(0)
        .fill_opacity(8)
        .show_points(VisibilityMode.NEVER)
        .legend(legend)
    )


def _target(query: Query, letter: str) -> Dataquery:
    target = Dataquery().expr(query.expression).legend_format(query.legend).ref_id(letter)
    return target.datasource(SOURCE).range()


def main() -> None:
    """Write the file."""
    FILE.write_text(render())


if __name__ == "__main__":
    main()
