"""Rows of figures, printed as Markdown; the page that keeps them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PAGE = Path(__file__).parents[2] / "ops" / "docs" / "benchmarks.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the summary; `met` is None where no aim was set."""

    what: str
    figures: str
    aim: str = ""
    met: bool | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Details that stand behind some rows."""

    title: str
    head: Sequence[str]
    body: Sequence[Sequence[str]]
    note: str = ""


@dataclass(slots=True)
class Report:
    """What was measured so far."""

    rows: list[Row] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)


def percentile(values: Iterable[float], percent: float) -> float:
    """The smallest value that at least `percent` of them do not exceed; NaN of none."""
    ordered = sorted(values)
    if not ordered:
        return float("nan")
    return ordered[max(0, -(-len(ordered) * round(percent * 100) // 10_000) - 1)]


def rendered(report: Report) -> str:
    """The summary and the details."""
    rows = [(row.what, row.figures, row.aim, _verdict(row)) for row in report.rows]
    parts = [_markdown(("what", "measured", "aim", ""), rows)]
    for table in report.tables:
        note = [table.note] if table.note else []
        parts += [f"### {table.title}", *note, _markdown(table.head, table.body)]
    return "\n\n".join(parts)


def write(measured: str, page: Path = PAGE) -> None:
    """Put what was measured between the page's marks.

    Raises:
        ValueError: the page has lost its marks.
    """
    before, _, rest = page.read_text().partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"{page.name} lacks its marks")
    page.write_text(f"{before}{BEGIN}\n\n{measured}\n\n{END}{after}")


def _verdict(row: Row) -> str:
    return "" if row.met is None else ("reached" if row.met else "missed")


def _markdown(head: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
