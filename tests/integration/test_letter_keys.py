"""A dead letter opens for its 14 days; afterwards nothing opens it, though a copy be kept."""

import pytest

from pipeline.domain.crypto import box_header
from pipeline.stage import Record
from pipeline.stages.admission import Rejected
from pipeline.stages.dead_letters import DAY_MS, SealedDeadLetters, open_letter, read_letter
from pipeline.upkeep.letter_keys import LetterKeys
from tests.integration.stages_support import TOPIC

TODAY = 20_500  # days since 1970
DAY_SECONDS = DAY_MS // 1000


class Buried(list):
    """Where letters go instead of Kafka."""

    async def bury(self, partition, letters):
        self.extend(letters)


@pytest.fixture
async def letters(world):
    """A letter for each of some days, by day."""
    buried = Buried()
    sealing = SealedDeadLetters(TOPIC, world.engine, world.keys, buried)
    days = (TODAY - 15, TODAY - 14, TODAY - 1, TODAY)
    records = [Record(0, n, day * DAY_MS + 5, None, b"{", {}) for n, day in enumerate(days)]
    await sealing.prepare(records)
    await sealing.put([Rejected(record, "not_json") for record in records])
    read = [_read(outgoing) for outgoing in buried]
    return {box_header(letter.box).epoch: letter for letter in read}


def _read(outgoing):
    headers = dict(outgoing.headers)
    return read_letter(Record(0, 0, outgoing.timestamp_ms, outgoing.key, outgoing.value, headers))


async def readable(world, letters):
    """The days whose letters open."""
    return [
        day
        for day, letter in letters.items()
        if await open_letter(world.engine, world.keys, letter) == (None, b"{")
    ]


async def destroyed_at(world, day, seconds=0):
    await LetterKeys(world.engine, lambda: day * DAY_SECONDS + seconds).destroy_old()


async def test_a_letter_of_fourteen_days_opens_and_an_older_one_does_not(world, letters):
    before = await readable(world, letters)
    await destroyed_at(world, TODAY)

    assert before == list(letters)
    assert await readable(world, letters) == [TODAY - 14, TODAY - 1, TODAY]


async def test_the_next_day_takes_one_day_and_no_more(world, letters):
    await destroyed_at(world, TODAY, DAY_SECONDS - 1)
    same_day = await readable(world, letters)
    await destroyed_at(world, TODAY + 1)

    assert same_day == [TODAY - 14, TODAY - 1, TODAY]
    assert await readable(world, letters) == [TODAY - 1, TODAY]


async def test_in_the_end_nothing_opens(world, letters):
    await destroyed_at(world, TODAY + 15)

    assert await readable(world, letters) == []
