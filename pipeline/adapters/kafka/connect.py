"""Short connections to the cluster, with the driver's errors in our words."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    KafkaError,
    KafkaTimeoutError,
    KafkaUnavailableError,
    NoBrokersAvailable,
)

from pipeline.adapters.kafka.options import KafkaOptions, client_arguments
from pipeline.errors import StoreUnavailable

_TIMEOUT_MS = 15_000


@asynccontextmanager
async def connection(options: KafkaOptions) -> AsyncIterator[AIOKafkaClient]:
    """A client for single requests, for the length of the block.

    Raises:
        StoreUnavailable: no broker answers; the same block may succeed later.
    """
    client = AIOKafkaClient(**client_arguments(options), request_timeout_ms=_TIMEOUT_MS)
    with in_our_words():
        try:
            await client.bootstrap()
            if not client.cluster.brokers():  # it listens and does not serve yet
                raise NoBrokersAvailable
            yield client
        finally:
            await client.close()


@asynccontextmanager
async def administration(options: KafkaOptions) -> AsyncIterator[AIOKafkaAdminClient]:
    """An admin client, for the length of the block.

    Raises:
        StoreUnavailable: no broker answers; the same block may succeed later.
    """
    client = AIOKafkaAdminClient(**client_arguments(options), request_timeout_ms=_TIMEOUT_MS)
    with in_our_words():
        try:
            await client.start()
            yield client
        finally:
            await client.close()


async def reachable(options: KafkaOptions) -> None:
    """Return when a broker answers.

    Raises:
        StoreUnavailable: none does.
    """
    async with connection(options):
        return


@contextmanager
def in_our_words() -> Iterator[None]:
    """Turn what the driver raises for "not now" into `StoreUnavailable`; the rest passes."""
    try:
        yield
    except (KafkaTimeoutError, KafkaUnavailableError, OSError) as error:  # time-outs are OSErrors
        raise StoreUnavailable(f"Kafka: {type(error).__name__}") from error
    except KafkaError as error:
        if error.retriable:
            raise StoreUnavailable(f"Kafka: {type(error).__name__}") from error
        raise
