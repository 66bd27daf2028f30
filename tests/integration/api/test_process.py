"""`python -m api` as a process: it refuses in one line a reason, serves, and stops when told."""

import asyncio
import json
import signal
import subprocess
import sys
import urllib.request

import pytest

from ops.embedded.ports import HOST, free_ports
from pipeline.settings import environment
from tests.integration.api.world import prepare
from tests.servers import answers
from tests.waiting import until

SECONDS = 120


def spawn(folder, **settings):
    return subprocess.Popen(
        [sys.executable, "-m", "api"],
        env=environment({name.upper(): str(value) for name, value in settings.items()}),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"tidemark_env": "production"}, "TIDEMARK_KEKS"),
        ({"tidemark_env": "production", "api_host": "0.0.0.0"}, "API_HOST"),
        ({"tidemark_env": "dev", "api_port": "many"}, "API_PORT"),
        ({"tidemark_env": "dev", "kafka_security_protocol": "SASL_SSL"}, "SASL needs"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused(tmp_path, settings, line):
    process = spawn(tmp_path, data_dir=tmp_path, **settings)
    _, said = process.communicate(timeout=SECONDS)

    assert process.returncode == 78
    assert line in said
    assert "Traceback" not in said


async def test_a_database_without_our_schema_is_refused(
    tmp_path, empty_postgres_url, kafka_options
):
    process = spawn(
        tmp_path,
        tidemark_env="dev",
        data_dir=tmp_path,
        postgres_url=empty_postgres_url,
        kafka_bootstrap_servers=kafka_options.bootstrap,
        api_port=free_ports(1)[0],
    )
    _, said = await asyncio.to_thread(process.communicate, timeout=SECONDS)

    assert process.returncode == 78
    assert "tidemark db upgrade" in said


async def test_it_serves_with_the_real_model_and_stops_when_told(
    tmp_path, postgres_url, make_settings, kafka_options
):
    settings = make_settings(postgres_url)
    await prepare(settings, kafka_options)
    [port] = free_ports(1)
    process = spawn(
        tmp_path,
        tidemark_env="dev",
        data_dir=settings.data_dir,
        postgres_url=postgres_url,
        kafka_bootstrap_servers=kafka_options.bootstrap,
        tidemark_topic_prefix=settings.tidemark_topic_prefix,
        qdrant_url=settings.qdrant_url,
        api_port=port,
    )
    url = f"http://{HOST}:{port}"
    try:
        await until(lambda: answers(f"{url}/health/live"), SECONDS)
        found = await until(lambda: _searched(url), SECONDS)
        process.send_signal(signal.SIGTERM)
        _, said = await asyncio.to_thread(process.communicate, timeout=SECONDS)
    finally:
        process.kill()

    assert found["results"] == []
    assert process.returncode == 0
    assert "Traceback" not in said


def _searched(url):
    body = json.dumps({"user_id": "ana", "query": "what is my dog called"}).encode()
    asked = urllib.request.Request(
        f"{url}/memory/search", body, {"content-type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError:
        return None
