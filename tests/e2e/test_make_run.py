"""What `make run` starts, as a newcomer and an operator meet it; a story told in order.

One data directory on ports of its own, started twice; beside it, a stock Kafka client.
"""

import json
import os
import re
import signal
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaProducer

from tests.e2e.readme import Examples
from tests.e2e.stack import Stack
from tests.waiting import until

SAMPLES = Path(__file__).resolve().parents[2] / "ops" / "samples"
QUESTIONS = json.loads((SAMPLES / "questions.json").read_text())
EVENTS = sum(len(path.read_text().splitlines()) for path in SAMPLES.glob("*.jsonl"))
PROCESSES = ["kafka", "postgres", "vectors", "light", "embed", "api"]
START_SECONDS = 400  # a machine's first start exports the model

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    stack = Stack(tmp_path_factory.mktemp("stack"))
    yield stack
    stack.command("reset", "--yes")


async def until_it_says(process, lines, words):
    await until(
        lambda: any(words in line for line in lines) or process.poll() is not None, START_SECONDS
    )
    assert any(words in line for line in lines), "".join(lines)


def positions(report):
    return {stage["name"]: (stage["position"], stage["lag"]) for stage in report["stages"]}


async def test_the_first_start_shows_a_newcomer_around(stack):
    with stack.up() as (process, lines):
        await until_it_says(process, lines, "asyncio.run(main())")
        report = stack.status()

        text = "".join(lines)
        assert f"publishing {EVENTS} sample events to chat.events" in text
        assert "made a key file" in text
        assert all(f"{each['user_id']}: {each['query']}" in text for each in QUESTIONS)
        assert f"{report['api']}/docs" in text
        assert f'bootstrap_servers="{report["kafka"]}"' in text
        assert [each["name"] for each in report["processes"]] == PROCESSES
        assert all(each["up"] and each["restarts"] == 0 for each in report["processes"])
        assert set(positions(report).values()) == {(EVENTS, 0)}
        for each in QUESTIONS:
            answers_itself(stack, each)

    assert process.returncode == 0
    assert lines[-1] == "everything is stopped\n"
    assert not any(psutil.pid_exists(each["pid"]) for each in report["processes"])


def answers_itself(stack, question):
    """The context for a question holds the message that answers it."""
    done = stack.command("context", question["user_id"], "--query", question["query"], "--json")
    relevant = json.loads(done.stdout)["relevant"]
    expected = question["answer"]

    assert expected["message_id"] in [message["message_id"] for message in relevant]
    assert any(expected["contains"] in message["content"] for message in relevant)


async def test_the_second_start_keeps_the_data_and_publishes_nothing_twice(stack):
    with stack.up() as (process, lines):
        await until_it_says(process, lines, "asyncio.run(main())")

        text = "".join(lines)
        assert "in memory since an earlier start" in text
        assert "made a key file" not in text
        assert positions(stack.status())["published"][0] == EVENTS
        await beside_a_running_stack(stack)
        await killed_processes_come_back(stack)
        await every_part_may_be_killed(stack)
        await every_example_of_the_readme_works(stack)

    assert process.returncode == 0


async def beside_a_running_stack(stack):
    """A second stack, and a reset, are refused in one line each."""
    second, reset = stack.command("up"), stack.command("reset", "--yes")

    assert second.returncode == reset.returncode == 78
    assert re.fullmatch(r"tidemark: a stack already runs in .*tidemark down\n", second.stderr)
    assert re.fullmatch(r"tidemark: a stack runs in .*tidemark down` first\n", reset.stderr)


async def killed_processes_come_back(stack):
    """A message of a stock client is found although its workers were killed before it came."""
    before = stack.pids()
    for name in ("light", "embed"):
        os.kill(before[name], signal.SIGKILL)
    await publish(stack.status()["kafka"], "sam", "My sister keeps bees in Lisbon.")

    async def found():
        return "keeps bees" in stack.command("search", "sam", "insects").stdout

    await until(found, START_SECONDS)
    report = stack.status()
    restarts = {each["name"]: each["restarts"] for each in report["processes"]}
    assert restarts == {**dict.fromkeys(PROCESSES, 0), "light": 1, "embed": 1}
    assert stack.pids()["api"] == before["api"]


async def every_part_may_be_killed(stack):
    """After a kill of everything at once, the memory is what it was."""
    for pid in stack.pids().values():
        os.kill(pid, signal.SIGKILL)

    async def recovered():
        report = stack.status()
        return report if all(each["up"] for each in report["processes"]) else None

    report = await until(recovered, START_SECONDS)
    assert all(each["restarts"] >= 1 for each in report["processes"])

    async def settled():
        stages = positions(stack.status())
        return stages and set(stages.values()) == {(EVENTS + 1, 0)}

    await until(settled, START_SECONDS)
    await until(lambda: "bees" in stack.command("search", "sam", "insects").stdout, START_SECONDS)


async def every_example_of_the_readme_works(stack):
    """In the order in which a reader meets them; the first one is `make` itself."""
    examples = Examples(stack)
    examples.take("sh", "make run")
    examples.python(examples.take("python", "AIOKafkaProducer"))
    ask = examples.take("sh", "/memory/context/ana")
    await until(lambda: "flight to Lisbon" in examples.shell(ask), START_SECONDS)
    written_and_read = examples.shell(examples.take("sh", "after=$position"))
    file = stack.folder / "events.jsonl"
    file.write_text(json.dumps(said("tom", "It is windy.")) + "\n")
    examples.commands(examples.take("sh", "tidemark verify"), file)

    assert "window seat" in written_and_read
    assert examples.left == []


def said(user, text):
    return {
        "type": "chat.message.sent.v1",
        "message_id": "told-1",
        "user_id": user,
        "at": datetime.now(UTC).isoformat(),
        "role": "user",
        "channel": "ai",
        "content": text,
    }


async def publish(bootstrap, user, text):
    event = said(user, text)
    async with AIOKafkaProducer(bootstrap_servers=bootstrap) as producer:
        await producer.send_and_wait("chat.events", json.dumps(event).encode(), user.encode())


def test_a_reset_leaves_nothing(stack):
    done = stack.command("reset", "--yes")

    assert done.returncode == 0
    assert not (stack.folder / "data").exists()
