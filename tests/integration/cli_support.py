"""The command line as a process, events to publish, and what has arrived."""

import json
import os
import subprocess
import sys

from aiokafka import AIOKafkaConsumer


def tidemark_in(folder):
    """Runs `tidemark` in a folder of its own, with settings of the test's."""

    def run(*arguments, stdin="", **settings):
        env = {**os.environ, "DATA_DIR": str(folder / "data"), "COLUMNS": "200", **settings}
        return subprocess.run(
            [sys.executable, "-m", "ops.cli", *arguments],
            input=stdin,
            env=env,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def installation(kafka_server, topic_prefix, postgres_url):
    """Settings of an installation of the test's own on the session's servers."""
    return {
        "KAFKA_BOOTSTRAP_SERVERS": kafka_server.bootstrap,
        "TIDEMARK_TOPIC_PREFIX": topic_prefix,
        "POSTGRES_URL": postgres_url,
    }


def event(number, **more):
    return json.dumps(
        {
            "type": "chat.message.sent.v1",
            "message_id": f"m-{number}",
            "user_id": f"user-{number % 3}",
            "at": "2026-01-05T10:00:00+01:00",
            "role": "user",
            "channel": "ai",
            "content": "hello",
            **more,
        }
    )


async def published(settings):
    """The keys and values on the public topic, in order within each partition."""
    consumer = AIOKafkaConsumer(
        settings["TIDEMARK_TOPIC_PREFIX"] + "chat.events",
        bootstrap_servers=settings["KAFKA_BOOTSTRAP_SERVERS"],
        auto_offset_reset="earliest",
        group_id=None,
    )
    async with consumer:
        ends = await consumer.end_offsets(consumer.assignment())
        records = []
        while len(records) < sum(ends.values()):
            for batch in (await consumer.getmany(timeout_ms=500)).values():
                records += [(record.key, record.value.decode()) for record in batch]
    return records
