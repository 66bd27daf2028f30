"""A running pipeline over the session's servers, and a real Prometheus that scrapes it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import yaml

from ops.embedded.ports import HOST, free_ports
from ops.embedded.processes import spawn, terminate
from ops.embedded.stack_home import Home
from ops.embedded.state import Addresses
from ops.embedded.state import running as state_of
from tests.waiting import until

ROOT = Path(__file__).parents[2]
RULES = ROOT / "ops" / "prometheus"
START_SECONDS = 400  # a machine's first start exports the model
STOP_SECONDS = 60
WINDOW = "20s"  # what Grafana would put for $__rate_interval; here Prometheus scrapes each second


@contextmanager
def pipeline(folder: Path, settings: Mapping[str, str]) -> Iterator[Home]:
    """The workers and the API as `tidemark up` starts them, over stores that run already."""
    env = {**os.environ, **settings, "DATA_DIR": str(folder), "API_PORT": str(free_ports(1)[0])}
    log = folder.with_suffix(".log")
    process = spawn([sys.executable, "-m", "ops.cli", "up"], env, log)
    try:
        yield Home(folder.resolve())
    finally:
        status = terminate(process, STOP_SECONDS)
    assert status == 0, log.read_text()[-2000:]


async def serving(home: Home) -> Addresses:
    """Where the pipeline listens, once everything was started and the monitor has looked."""

    def ready():
        state = state_of(home) if home.root.exists() else None
        return state if state and state.ready else None

    addresses = (await until(ready, START_SECONDS)).addresses
    async with httpx.AsyncClient(base_url=addresses.api, trust_env=False) as http:

        async def well():
            return (await http.get("/health/ready")).json()["status"] == "ready"

        await until(well, START_SECONDS)
    return addresses


@dataclass(frozen=True)
class Prometheus:
    """A client of a server's query routes."""

    http: httpx.AsyncClient

    async def ask(self, expression: str) -> dict[frozenset[tuple[str, str]], float]:
        """The value of each series of an instant query; the test fails when the query does."""
        query = {"query": expression.replace("$__rate_interval", WINDOW)}
        answer = (await self.http.get("/api/v1/query", params=query)).json()
        assert answer["status"] == "success", (expression, answer)
        assert answer["data"]["resultType"] == "vector", expression
        return {
            frozenset(one["metric"].items()): float(one["value"][1])
            for one in answer["data"]["result"]
        }

    async def alerts(self) -> dict[str, tuple[str, str]]:
        """Health of each alert's rule, and its state."""
        answer = await self.http.get("/api/v1/rules", params={"type": "alert"})
        groups = answer.json()["data"]["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        return {rule["name"]: (rule["health"], rule["state"]) for rule in rules}


@contextmanager
def prometheus(folder: Path, addresses: Addresses) -> Iterator[str]:
    """A server with our configuration, other targets, and no time to lose; its URL."""
    port = free_ports(1)[0]
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(configuration(addresses)))
    command = [
        str(shutil.which("prometheus")),
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={HOST}:{port}",
        "--log.level=warn",
    ]
    process = spawn(command, os.environ, folder / "prometheus.log")
    try:
        yield f"http://{HOST}:{port}"
    finally:
        terminate(process, STOP_SECONDS)


def configuration(addresses: Addresses) -> dict[str, object]:
    """The committed configuration; only where and how often to scrape differ."""
    given = yaml.safe_load((RULES / "prometheus.yml").read_text())
    workers = [url for name, url in addresses.metrics.items() if name != "api"]
    targets = {"tidemark-api": [addresses.metrics["api"]], "tidemark-worker": workers}
    return given | {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES / name) for name in given["rule_files"]],
        "scrape_configs": [
            {
                "job_name": job["job_name"],
                "static_configs": [
                    {"targets": [urlsplit(url).netloc for url in targets[job["job_name"]]]}
                ],
            }
            for job in given["scrape_configs"]
        ],
    }


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Prometheus's own checker."""
    command = [str(shutil.which("promtool")), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)
