"""Where the logs begin and end, and trimming their beginnings."""

from collections import defaultdict
from collections.abc import Mapping

from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import NoError, for_code
from aiokafka.protocol.offset import OffsetRequest

from pipeline.adapters.kafka.connect import administration, connection
from pipeline.adapters.kafka.metadata import describe
from pipeline.adapters.kafka.options import KafkaOptions
from pipeline.errors import ConfigError

# ListOffsets: what stands in the place of a timestamp, and the two fields before it.
_END, _START = -1, -2
_A_CLIENT, _READ_UNCOMMITTED = -1, 0


async def start_offsets(options: KafkaOptions, topic: str) -> dict[int, int]:
    """The first offset still there, by partition.

    Raises:
        ConfigError: the topic does not exist.
        StoreUnavailable: no broker answers, or a partition has no leader just now.
    """
    return await _offsets(options, topic, _START)


async def end_offsets(options: KafkaOptions, topic: str) -> dict[int, int]:
    """The offset of the record to come, by partition; open transactions count as written.

    Raises:
        ConfigError: the topic does not exist.
        StoreUnavailable: no broker answers, or a partition has no leader just now.
    """
    return await _offsets(options, topic, _END)


async def offsets_at(options: KafkaOptions, topic: str, timestamp_ms: int) -> dict[int, int]:
    """The first offset whose record is of `timestamp_ms` or later; none where all are older.

    Raises:
        ConfigError: the topic does not exist.
        StoreUnavailable: no broker answers, or a partition has no leader just now.
    """
    found = await _offsets(options, topic, timestamp_ms)
    return {partition: offset for partition, offset in found.items() if offset >= 0}


async def delete_records(
    options: KafkaOptions, topic: str, before: Mapping[int, int]
) -> dict[int, int]:
    """Delete, by partition, the records before an offset; the new starts of the logs.

    An offset already trimmed changes nothing. Whole segments leave the disk, at the broker's next
    retention check; readers stop seeing the records at once.

    Raises:
        StoreUnavailable: no broker answers; some partitions may have been trimmed.
    """
    wanted = {
        TopicPartition(topic, partition): RecordsToDelete(offset)
        for partition, offset in before.items()
    }
    async with administration(options) as client:
        starts = await client.delete_records(wanted)
    return {partition.partition: start for partition, start in starts.items()}


async def _offsets(options: KafkaOptions, topic: str, which: int) -> dict[int, int]:
    async with connection(options) as client:
        _, found = await describe(client, [topic])
        if not found:
            raise ConfigError([f"topic {topic} does not exist: run `tidemark topics apply`"])
        by_node: defaultdict[int, list[int]] = defaultdict(list)
        for partition, node in found[0].leaders.items():
            by_node[node].append(partition)
        offsets: dict[int, int] = {}
        for node, partitions in by_node.items():
            offsets |= await _list_offsets(client, node, topic, partitions, which)
    return offsets


async def _list_offsets(
    client: AIOKafkaClient, node: int, topic: str, partitions: list[int], which: int
) -> dict[int, int]:
    asked = [(topic, [(partition, which) for partition in partitions])]
    reply = await client.send(node, OffsetRequest(_A_CLIENT, _READ_UNCOMMITTED, asked))
    offsets = {}
    for _, answers in reply.topics:
        for partition, code, _timestamp, offset in answers:
            if for_code(code) is not NoError:
                raise for_code(code)
            offsets[partition] = offset
    return offsets
