"""What a newcomer sees once everything is up: samples flowing, three answers, where to go next."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path
from textwrap import indent
from time import monotonic, perf_counter
from typing import Any

from rich.console import Console

from ops.blocking import in_daemon_thread
from ops.cli.common import program
from ops.cli.http import ApiError, get
from ops.cli.render import context_lines, context_path
from ops.embedded.stack import Stack
from ops.progress import follow
from ops.publish import Target
from ops.publish_file import Job, open_job, publish_job
from ops.status import read_stages
from pipeline import wiring

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
_FLOW_SECONDS = 900
_MODEL_SECONDS = 300
_POLL_SECONDS = 0.2

Tour = Callable[[Stack], Awaitable[None]]


def show_around(console: Console, *, demo: bool) -> Tour:
    """What to do when a stack is up."""

    async def tour(stack: Stack) -> None:
        if demo:
            await _flow(stack, console)
            await _questions(stack, console)
        _signposts(stack, console)

    return tour


async def _flow(stack: Stack, console: Console) -> None:
    """Publish the samples that were never published here, and watch them arrive."""
    jobs = [open_job(path, stack.home.root) for path in sorted(SAMPLES.glob("*.jsonl"))]
    todo = [job for job in jobs if not job.done]
    if not todo:
        console.print("the sample conversations are in memory since an earlier start")
        return
    reached = stack.reached()
    target = Target(wiring.kafka_options(reached), wiring.topics(reached).events)
    lines = sum(job.source.lines for job in todo)
    console.print(f"publishing {lines} sample events to {target.topic} on {stack.addresses.kafka}")
    engine = wiring.postgres(reached)
    publishing = asyncio.ensure_future(_publish(target, todo, console))
    try:
        read = partial(read_stages, target.options, target.topic, engine)
        more = lambda: not publishing.done()  # noqa: E731  a name for one use would say less
        arrived = await follow(read, console, seconds=_FLOW_SECONDS, more=more)
        if not arrived:
            console.print(f"still working; see: {program()} status, and {stack.home.root}/logs")
        await publishing
    finally:
        publishing.cancel()
        await engine.dispose()


async def _publish(target: Target, jobs: list[Job], console: Console) -> None:
    for job in jobs:
        await publish_job(
            target,
            job,
            resume=True,
            reject=console.print,
            wait=console.print,
            settled=lambda _: None,
        )


async def _questions(stack: Stack, console: Console) -> None:
    for question in json.loads((SAMPLES / "questions.json").read_text()):
        user, query = question["user_id"], question["query"]
        try:
            answer, took_ms = await _patiently(
                stack.addresses.api, context_path(user, query, limit=3)
            )
        except ApiError as error:
            console.print(f"\n{user}: {query}\n  {error}", markup=False)
            continue
        console.print(f"\n{user}: {query}  ({took_ms:.0f} ms)", style="bold", markup=False)
        for line in context_lines(answer):
            console.print(line, markup=False)


async def _patiently(api: str, path: str) -> tuple[Any, float]:
    """The answer and its milliseconds, once the model that understands the question is loaded."""
    deadline = monotonic() + _MODEL_SECONDS
    while True:
        try:
            began = perf_counter()
            answer = await in_daemon_thread(partial(get, api, path))
            return answer, 1000 * (perf_counter() - began)
        except ApiError as error:
            if error.status != HTTPStatus.SERVICE_UNAVAILABLE or monotonic() > deadline:
                raise
        await asyncio.sleep(_POLL_SECONDS)


def _signposts(stack: Stack, console: Console) -> None:
    api, kafka = stack.addresses.api, stack.addresses.kafka
    topic = wiring.topics(stack.given).events
    lines = [
        "",
        f"API        {api}/docs",
        f"health     {api}/health/ready",
        f"metrics    {api}/metrics",
        f"status     {program()} status",
        f"logs       {stack.home.root}/logs",
        "stop       Ctrl-C here, or " + f"{program()} down",
        "",
        "Publish with any Kafka client, keyed by the user's id; with aiokafka:",
        "",
        indent(_snippet(kafka, topic), "    "),
    ]
    for line in lines:
        console.print(line, markup=False)


def _snippet(kafka: str, topic: str) -> str:
    event = {
        "type": "chat.message.sent.v1",
        "message_id": "hello-1",
        "user_id": "sam",
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "role": "user",
        "channel": "ai",
        "content": "My sister lives in Lisbon.",
    }
    return f"""\
import asyncio, json, aiokafka
event = {json.dumps(event)}
async def main():
    async with aiokafka.AIOKafkaProducer(bootstrap_servers="{kafka}") as producer:
        await producer.send_and_wait("{topic}", json.dumps(event).encode(), key=b"sam")
asyncio.run(main())"""
