"""The Compose file is valid, names every process, holds no secret, publishes on loopback only."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from consumers.__main__ import CONSUMERS
from pipeline.settings import Settings

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
COMPOSE = yaml.safe_load(FILE.read_text())
SERVICES = COMPOSE["services"]
OURS = {name for name, service in SERVICES.items() if service["image"] == "tidemark"}
PROMETHEUS = yaml.safe_load((ROOT / "ops" / "prometheus" / "prometheus.yml").read_text())
SECRET = re.compile(r"(PASSWORD|API_KEY|KEKS|PID_KEY)$")
REQUIRED = re.compile(r"\$\{[A-Z_]+:\?[^}]+\}")


def of(option):
    """The services that have an option, with it."""
    return {name: service[option] for name, service in SERVICES.items() if option in service}


def command(arguments):
    return [sys.executable, "-m", "check_jsonschema", *arguments]


def checked(file):
    done = subprocess.run(
        command(["--builtin-schema", "vendor.compose-spec", str(file)]),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_file_is_what_compose_takes(tmp_path):
    broken = tmp_path / "compose.yml"
    broken.write_text("services: {api: {prots: []}}")

    assert checked(FILE)[0] == 0, checked(FILE)[1]
    assert checked(broken)[0] == 1


def test_every_consumer_is_a_service_of_its_own():
    commands = {name: SERVICES[name]["command"] for name in OURS - {"api", "migrations"}}

    assert commands == {name: f"tidemark worker {name}" for name in CONSUMERS}


def test_the_stores_the_watchers_and_the_api_are_there():
    stores, watchers = {"kafka", "postgres", "qdrant"}, {"prometheus", "grafana"}

    assert SERVICES.keys() - OURS == stores | watchers | {"door"}
    assert "tidemark db upgrade && tidemark topics apply" in SERVICES["migrations"]["command"]


@pytest.mark.parametrize("service", sorted(OURS - {"migrations"}))
def test_nothing_works_before_the_migrations_are_through(service):
    waits = SERVICES[service]["depends_on"]

    assert waits["migrations"] == {"condition": "service_completed_successfully"}


def test_everything_that_stays_has_a_health_check():
    assert of("healthcheck").keys() == SERVICES.keys() - {"migrations"}


def test_only_loopback_is_published():
    published = [port for ports in of("ports").values() for port in ports]

    assert published
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []


def test_stores_keep_their_data_on_volumes():
    kept = {volume.partition(":")[0] for each in of("volumes").values() for volume in each}

    assert COMPOSE["volumes"].keys() == {name for name in kept if not name.startswith(".")}
    assert all("volumes" in SERVICES[store] for store in ("kafka", "postgres", "qdrant"))


def test_a_secret_is_named_and_never_written():
    secrets = {
        f"{service} {name}": value
        for service, environment in of("environment").items()
        for name, value in environment.items()
        if SECRET.search(name)
    }

    assert secrets
    assert {name: v for name, v in secrets.items() if not REQUIRED.fullmatch(v)} == {}
    assert re.findall(r"://\w+:(?!\$\{)[^@\s]+@", FILE.read_text()) == []


def test_what_is_set_for_our_processes_is_a_setting():
    known = {name.upper() for name in Settings.model_fields}
    unknown = {
        f"{service} {name}"
        for service in OURS
        for name in SERVICES[service]["environment"]
        if name not in known
    }

    assert unknown == set()


def test_the_api_serves_loopback_and_a_door_leads_there():
    door, inside = re.findall(r"\d{4,5}", SERVICES["door"]["command"])
    environment = SERVICES["api"]["environment"]

    assert (environment["API_HOST"], environment["API_PORT"]) == ("127.0.0.1", inside)
    assert SERVICES["api"]["network_mode"] == "service:door"
    assert SERVICES["door"]["networks"]["default"]["aliases"] == ["api"]
    assert SERVICES["door"]["ports"] == [f"127.0.0.1:{door}:{door}"]


def test_prometheus_knows_every_process_by_its_service_and_port():
    targets = {
        (name, found["port"])
        for job in PROMETHEUS["scrape_configs"]
        for found in job["dns_sd_configs"]
        for name in found["names"]
    }
    workers = {(name, int(SERVICES[name]["environment"]["METRICS_PORT"])) for name in CONSUMERS}

    assert targets == workers | {("api", int(SERVICES["door"]["ports"][0].rpartition(":")[2]))}
