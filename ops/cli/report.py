"""What `tidemark status` tells: addresses, processes, stages. Nothing secret."""

from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from ops.embedded.stack_home import Home
from ops.embedded.stack_reach import api_address, beside_the_stack
from ops.embedded.state import StackState, running
from ops.progress import table
from ops.status import Stage, read_stages
from pipeline import wiring
from pipeline.errors import ConfigError, StoreUnavailable
from pipeline.settings import Settings


async def read_report() -> dict[str, Any]:
    """The report, ready for JSON; `stages` is empty and `problem` says why when a store is away."""
    reached = beside_the_stack()
    home = Home(reached.data_dir.resolve())
    state = running(home)
    stages, problem = await _stages(reached)
    return {
        "running": state is not None,
        **_addresses(reached, state),
        "processes": [asdict(each) for each in state.processes] if state else [],
        "stages": [asdict(stage) for stage in stages],
        "problem": problem,
        "data_dir": str(home.root),
    }


def show_report(report: dict[str, Any], console: Console) -> None:
    """The same for people."""
    if not report["running"]:
        console.print(f"no stack runs in {report['data_dir']}; start one with: tidemark up")
    for name in ("api", "kafka", "postgres", "vectors"):
        if report[name]:
            console.print(f"{name:<9} {report[name]}")
    if report["processes"]:
        console.print(_processes(report["processes"]))
    if report["stages"]:
        console.print(table([Stage(**stage) for stage in report["stages"]]))
    if report["problem"]:
        console.print(report["problem"])


async def _stages(reached: Settings) -> tuple[tuple[Stage, ...], str | None]:
    engine = wiring.postgres(reached)
    try:
        events = wiring.topics(reached).events
        return await read_stages(wiring.kafka_options(reached), events, engine), None
    except (StoreUnavailable, ConfigError) as error:
        return (), str(error)
    finally:
        await engine.dispose()


def _addresses(reached: Settings, state: StackState | None) -> dict[str, Any]:
    if state is not None:
        where = state.addresses
        return {
            "api": where.api,
            "kafka": where.kafka,
            "postgres": where.postgres,
            "vectors": where.vectors,
            "metrics": where.metrics,
        }
    return {
        "api": api_address(reached),
        "kafka": reached.kafka_bootstrap_servers,
        "postgres": None,
        "vectors": reached.qdrant_url,
        "metrics": {},
    }


def _processes(processes: list[dict[str, Any]]) -> Table:
    drawn = Table("process", "pid", "up", "restarts", box=None, pad_edge=False)
    for each in processes:
        up = "yes" if each["up"] else "no"
        drawn.add_row(each["name"], str(each["pid"] or "-"), up, str(each["restarts"]))
    return drawn
