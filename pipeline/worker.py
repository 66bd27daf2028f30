"""A worker process: resources, consumers as Faust apps in one loop, and a stop that ends."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import faust
from sqlalchemy.ext.asyncio import AsyncEngine

from pipeline import wiring
from pipeline.adapters.kafka import KafkaOptions
from pipeline.adapters.keys import LocalKeys
from pipeline.adapters.postgres.keyring import Keyring
from pipeline.app import AppOptions, make_app
from pipeline.consume import leave
from pipeline.errors import StoreUnavailable
from pipeline.limited import Limited
from pipeline.membership import member
from pipeline.metrics import begin_at_zero, serve
from pipeline.ports import KeyProvider
from pipeline.preflight import until_checked
from pipeline.settings import Settings
from pipeline.stage import Stage
from pipeline.stages.admission import Identity
from pipeline.stages.view import View
from pipeline.stages.view_stage import ViewStage
from pipeline.topics import TopicNames
from pipeline.upkeep.jobs import Job, keep_running
from pipeline.watching import watch

log = logging.getLogger(__name__)

AGAIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Resources:
    """What consumers are built from."""

    settings: Settings
    kafka: KafkaOptions
    topics: TopicNames
    engine: AsyncEngine
    keys: KeyProvider
    keyring: Keyring
    identity: Identity


async def _nothing() -> None:
    return


@dataclass(frozen=True, slots=True)
class Consumer:
    """A stage ready to run, with its housekeeping."""

    stage: Stage
    start_from_hint: bool = True
    jobs: tuple[Job, ...] = ()
    close: Callable[[], Awaitable[None]] = _nothing


Build = Callable[[Resources], Awaitable[Consumer]]


def view_build(view: View) -> Build:
    """How to build a consumer that is nothing but a view."""

    async def build(resources: Resources) -> Consumer:
        return Consumer(view_stage(resources, view))

    return build


def view_stage(resources: Resources, view: View) -> ViewStage:
    """The stage that settles the journal's records for a view."""
    return ViewStage(view, resources.topics.journal, resources.engine, resources.keyring)


def open_resources(settings: Settings) -> Resources:
    """Connect nothing yet; refuse what cannot work.

    Raises:
        ConfigError: one line a reason.
    """
    secrets = wiring.secrets(settings)
    engine = wiring.postgres(settings)
    return Resources(
        settings=settings,
        kafka=wiring.kafka_options(settings),
        topics=wiring.topics(settings),
        engine=engine,
        keys=LocalKeys(secrets.keks),
        keyring=wiring.keyring(engine, secrets),
        identity=wiring.identity(settings, secrets),
    )


async def work(settings: Settings, builds: Mapping[str, Build]) -> None:
    """Run the named consumers until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    stopping = asyncio.create_task(stop.wait())
    running = asyncio.create_task(_run(settings, builds, stop))
    await asyncio.wait({stopping, running}, return_when=asyncio.FIRST_COMPLETED)
    if not running.done():
        _leave_after(settings.tidemark_stop_seconds)
    await running


async def _run(settings: Settings, builds: Mapping[str, Build], stop: asyncio.Event) -> None:
    resources = open_resources(settings)
    await until_checked(settings, resources.kafka, resources.topics, resources.engine)
    consumers = [await _built(build, resources) for build in builds.values()]
    for one in consumers:
        begin_at_zero(one.stage.name)
    serve(settings.metrics_host, settings.metrics_port)
    locks = [member(settings, name) for name in builds]
    # One connection is left for housekeeping and assignments.
    permits = asyncio.Semaphore(settings.postgres_pool_size - 1)
    apps = [
        make_app(Limited(one.stage, permits), _options(resources, one, name))
        for one, (name, _) in zip(consumers, locks, strict=True)
    ]
    await asyncio.gather(*(app.start() for app in apps))
    log.info("working: %s", ", ".join(builds))
    tasks = [asyncio.create_task(each) for each in _background(apps, consumers)]
    for task in tasks:
        task.add_done_callback(_leave_if_broken)
    await stop.wait()
    await _stop(apps, consumers, tasks)
    await resources.engine.dispose()
    log.info("stopped: %s", ", ".join(builds))


async def _built(build: Build, resources: Resources) -> Consumer:
    """Build a consumer as soon as the stores it asks at its start are there."""
    while True:
        try:
            return await build(resources)
        except StoreUnavailable as error:
            log.info("not built yet: %s", error)
            await asyncio.sleep(AGAIN_SECONDS)


def _leave_if_broken(task: asyncio.Task[None]) -> None:
    """Housekeeping never ends by itself; a worker without its watch is worse than none."""
    if not task.cancelled() and (error := task.exception()):
        leave(f"a background task ended: {error}", error)


def _background(
    apps: Sequence[faust.App], consumers: Sequence[Consumer]
) -> list[Coroutine[Any, Any, None]]:
    watches = [watch(app, one.stage) for app, one in zip(apps, consumers, strict=True)]
    return [*watches, *(keep_running(job) for one in consumers for job in one.jobs)]


async def _stop(
    apps: Sequence[faust.App], consumers: Sequence[Consumer], tasks: Sequence[asyncio.Task[None]]
) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*(app.stop() for app in apps))
    for one in consumers:
        await one.close()


def _leave_after(seconds: float) -> None:
    """End the process if stopping takes longer: Faust's stop can hang and cannot be cancelled.

    Nothing is lost: what is settled is committed in PostgreSQL, what is not comes again.
    """
    timer = threading.Timer(seconds, os._exit, args=(0,))
    timer.daemon = True
    timer.start()


def _options(resources: Resources, consumer: Consumer, member: str) -> AppOptions:
    settings = resources.settings
    return AppOptions(
        kafka=resources.kafka,
        group=f"{settings.tidemark_topic_prefix}tidemark-{consumer.stage.name}",
        member=member,
        batch=settings.tidemark_batch,
        session=settings.tidemark_session_seconds,
        datadir=settings.data_dir.resolve() / "run" / member,
        linger=settings.tidemark_linger_seconds,
        start_from_hint=consumer.start_from_hint,
    )
