"""The command line as a process: help at once, one line for what an operator can mend."""

import json
import subprocess
import sys

import pytest

from tests.integration.cli_support import event, installation, tidemark_in

HEAVY = ("aiokafka", "alembic", "httpx", "pydantic", "rich", "sqlalchemy", "torch")
SECRET = "a-sentence-nobody-may-log"


@pytest.fixture
def tidemark(tmp_path):
    return tidemark_in(tmp_path)


@pytest.fixture
def settings(kafka_server, topic_prefix, postgres_url):
    return installation(kafka_server, topic_prefix, postgres_url)


def test_help_imports_nothing_heavy():
    code = f"""
import sys
from ops.cli import app
try:
    app(["--help"])
except SystemExit:
    print([name for name in {HEAVY!r} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


def test_a_setting_that_cannot_be_read_is_one_line(tidemark):
    done = tidemark("status", API_PORT=SECRET)

    assert done.returncode == 78
    assert done.stderr.count("\n") == 1
    assert "API_PORT" in done.stderr
    assert SECRET not in done.stderr


@pytest.mark.parametrize("command", [["context", "ana"], ["search", "ana", "dog"]])
def test_an_api_that_is_away_is_one_line(tidemark, command):
    done = tidemark(*command, API_PORT="1")

    assert done.returncode == 1
    assert done.stderr == (
        "tidemark: no API answers at http://127.0.0.1:1: start one with `tidemark up`\n"
    )


def test_stopping_what_does_not_run_is_harmless(tidemark):
    done = tidemark("down")

    assert done.returncode == 0
    assert "no stack runs in" in done.stdout


def test_nothing_is_deleted_where_nothing_is_ours(tidemark, tmp_path):
    (tmp_path / "data" / "kafka").mkdir(parents=True)

    done = tidemark("reset", "--yes")

    assert done.returncode == 78
    assert "nothing deleted" in done.stderr
    assert (tmp_path / "data" / "kafka").exists()


def test_topics_are_made_once(tidemark, settings):
    first = tidemark("topics", "apply", **settings)
    second = tidemark("topics", "apply", **settings)

    assert first.stdout.count("created") == 5
    assert second.stdout.count("unchanged") == 5
    assert second.returncode == 0


def test_status_gives_programs_addresses_and_stages(tidemark, settings, postgres_url):
    tidemark("topics", "apply", **settings)
    tidemark("publish", "-", stdin=event(1), **settings)

    done = tidemark("status", "--json", **settings)

    report = json.loads(done.stdout)
    assert not report["running"]
    assert report["kafka"] == settings["KAFKA_BOOTSTRAP_SERVERS"]
    assert [stage["name"] for stage in report["stages"]] == [
        "published",
        "admitted",
        "persisted",
        "embedded",
        "usage",
    ]
    assert report["stages"][1] == {"name": "admitted", "position": 0, "end": 1, "lag": 1}
    assert postgres_url.split("@")[0].rpartition(":")[2] not in done.stdout
