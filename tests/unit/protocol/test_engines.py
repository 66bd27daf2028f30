"""The model's engines behave as the real ones were seen to."""

from functools import partial
from random import Random

import pytest

from .kafka import Log, Network, Producer, Refused
from .postgres import Database, StoreAway
from .qdrant import Point, Vectors


def test_a_broker_takes_any_first_sequence_from_a_producer_it_does_not_know() -> None:
    log: Log[str] = Log()

    assert log.append(["second batch"], producer=7, sequence=1) == 0


def test_a_broker_refuses_a_gap_from_a_producer_it_knows() -> None:
    log: Log[str] = Log()
    log.append(["first"], producer=7, sequence=0)

    with pytest.raises(Refused):
        log.append(["third"], producer=7, sequence=2)


def test_a_request_that_timed_out_may_still_land() -> None:
    for seed in range(100):
        log: Log[str] = Log()
        network = Network()
        request = Producer(1, network).send(log, ["late"])
        if network.step(Random(seed), faults=True) == "timed out":
            break

    assert request.failed
    assert log.records == []
    assert network.step(Random(0), faults=False) == "landed late"
    assert log.records == ["late"]


def test_requests_of_one_connection_keep_their_order() -> None:
    log: Log[int] = Log()
    network = Network()
    producer = Producer(1, network)
    for number in range(5):
        producer.send(log, [number])

    while network.flying:
        network.step(Random(3), faults=False)

    assert log.records == [0, 1, 2, 3, 4]


def test_gaps_are_skipped_and_keep_their_offsets() -> None:
    log: Log[str] = Log()
    log.append(["a", None, "b"])

    assert log.read(0, 5) == [(0, "a"), (2, "b")]


def test_writes_are_invisible_until_the_commit() -> None:
    database = Database(Random(0), faults=False)
    transaction = database.begin(1)
    transaction.put(("row",), 1)

    assert ("row",) not in database.rows

    transaction.commit()

    assert database.rows == {("row",): 1}


def test_a_terminated_session_loses_its_writes_and_its_lock() -> None:
    database = Database(Random(0), faults=False)
    suspended, waiter = database.begin(1), database.begin(2)
    suspended.try_lock(("row",))
    suspended.put(("row",), "stale")
    assert not waiter.try_lock(("row",))

    database.end(suspended)

    assert waiter.try_lock(("row",))
    with pytest.raises(StoreAway):
        suspended.commit()
    assert database.rows == {}


def test_a_commit_whose_answer_is_lost_has_happened() -> None:
    database = Database(Random(0))
    outcomes = set()
    for number in range(500):
        transaction = database.begin(1)
        transaction.put((number,), "done")
        try:
            transaction.commit()
            outcomes.add("heard")
        except StoreAway:
            outcomes.add("unheard")

    assert outcomes == {"heard", "unheard"}
    assert len(database.rows) == 500


def test_a_power_cut_takes_the_vectors_back_to_the_last_flush() -> None:
    vectors = Vectors()
    change = partial(Point, user="ann", content="words", partition=0, src=0)
    vectors.change([("flushed", change(event="e1"))])
    vectors.flush({0: (1, 1)})
    vectors.change([("flushed", None), ("later", change(event="e2"))])

    vectors.cut_power()

    assert list(vectors.points) == ["flushed"]
