"""Small processes for the supervisor, and a stack of them that runs for the length of a block."""

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager

from ops.embedded.supervisor import supervise
from ops.embedded.supervisor_part import Part
from tests.waiting import until

SLEEP = "import time; time.sleep(600)"
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(600)
"""
# Says when it ends, so that the order of endings can be read.
POLITE = """
import os, signal, sys, time
def end(*_):
    with open(sys.argv[1], "a") as ended:
        ended.write(sys.argv[2] + "\\n")
    os._exit(0)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(600)
"""


def parts_in(folder):
    """Makes parts that run a piece of Python."""

    def make(name, code, *arguments, **more):
        return Part(
            name=name,
            log=folder / f"{name}.log",
            command=lambda: [sys.executable, "-c", code, *arguments],
            env=lambda: os.environ,
            **{"grace_s": 5.0, **more},
        )

    return make


def logged(word):
    """Ready once the log holds a word."""

    def of(path):
        async def ready(alive):
            await until(lambda: path.exists() and word in path.read_text())

        return ready

    return of


async def nothing():
    pass


@asynccontextmanager
async def supervised(groups, step=nothing, endings=None, changed=lambda: None):
    """A stack that runs during the block and is ended by SIGTERM after it."""
    stages = [(group, nothing) for group in groups[:-1]] + [(groups[-1], step)]
    running = asyncio.create_task(supervise(stages, endings or groups[::-1], changed))
    try:
        yield running
    finally:
        if not running.done():
            os.kill(os.getpid(), signal.SIGTERM)
        await running


def pid(child):
    return child.process.pid if child.process else None
