"""What the loop does with each kind of failure, and that its log repeats nothing of a record."""

import logging

import pytest

from pipeline import consume
from pipeline.errors import EXIT_FATAL, DataError, FatalError, StoreUnavailable
from pipeline.stage import Record

CANARY = "the-canary-sings"
RECORDS = [Record(0, offset, 0, None, b"", {}) for offset in range(3)]


class Left(BaseException):
    """The process would have ended with `args[0]`."""


class Outcomes:
    """A stage whose attempts end as told, in order; afterwards they succeed."""

    name, topic = "test", "topic"

    def __init__(self, *together, singly=()) -> None:
        self.together, self.singly = list(together), list(singly)
        self.calls = []

    async def attempt(self, partition, records):
        self.calls.append("together")
        self._end(self.together)

    async def attempt_singly(self, partition, records):
        self.calls.append("singly")
        self._end(self.singly)

    def _end(self, outcomes):
        if outcomes:
            raise outcomes.pop(0)


@pytest.fixture(autouse=True)
def _process(monkeypatch):
    def leave(status):
        raise Left(status)

    monkeypatch.setattr(consume.os, "_exit", leave)
    monkeypatch.setattr(consume.logging, "shutdown", lambda: None)


@pytest.fixture
def waits(monkeypatch):
    """The pauses that the loop makes, made in no time."""
    made = []

    async def sleep(seconds):
        made.append(seconds)

    monkeypatch.setattr(consume.asyncio, "sleep", sleep)
    return made


async def settle(stage):
    await consume.settle(stage, 0, RECORDS)
    return stage.calls


async def test_what_succeeds_is_attempted_once(waits):
    assert await settle(Outcomes()) == ["together"]
    assert waits == []


async def test_a_store_away_is_waited_for_with_capped_backoff(waits, caplog):
    calls = await settle(Outcomes(*[StoreUnavailable("Qdrant")] * 9))

    assert calls == ["together"] * 10
    assert waits == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]
    assert [record.levelname for record in caplog.records] == ["WARNING"]


async def test_a_record_that_fails_is_looked_for_one_by_one(waits):
    assert await settle(Outcomes(KeyError())) == ["together", "singly"]
    assert await settle(Outcomes(DataError("tampered"))) == ["together", "singly"]


async def test_a_store_away_while_settling_singly_is_waited_for_too(waits):
    stage = Outcomes(KeyError(), singly=[StoreUnavailable("x"), StoreUnavailable("x")])

    assert await settle(stage) == ["together", "singly", "singly", "singly"]


@pytest.mark.parametrize(
    "stage",
    [
        Outcomes(FatalError("a gap")),
        Outcomes(KeyError(), singly=[FatalError("a gap")]),
        Outcomes(KeyError(), singly=[KeyError()]),
    ],
    ids=["fatal", "fatal singly", "unforeseen singly"],
)
async def test_where_going_on_would_lose_or_double_the_process_ends(stage, waits):
    with pytest.raises(Left) as left:
        await settle(stage)

    assert left.value.args == (EXIT_FATAL,)


async def test_what_an_error_says_of_a_record_is_not_logged(waits, caplog):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(Left):
        await settle(Outcomes(KeyError(CANARY), singly=[ValueError(CANARY)]))

    assert "ValueError" in caplog.text
    assert "Traceback" in caplog.text
    assert CANARY not in caplog.text
