"""Ports: remembered across starts, changed only where nobody else knows them."""

import socket

import pytest

from ops.embedded.ports import HOST, free_ports
from ops.embedded.stack_home import open_home
from ops.embedded.stack_ports import recall
from pipeline.errors import ConfigError


@pytest.fixture
def home(tmp_path):
    return open_home(tmp_path)


@pytest.fixture
def occupy():
    """Listens on ports until the test ends."""
    sockets = []

    def listen(port):
        server = socket.socket()
        server.bind((HOST, port))
        server.listen()
        sockets.append(server)

    yield listen
    for each in sockets:
        each.close()


def test_ports_are_remembered_and_all_different(home):
    first = recall(home, 0, own_kafka=True)
    second = recall(home, 0, own_kafka=True)

    assert first == second
    assert len(set(first.ports.values())) == len(first.ports)


def test_a_taken_api_port_names_the_setting(home, occupy):
    port = free_ports(1)[0]
    occupy(port)

    with pytest.raises(ConfigError, match=f"port {port} for the API is taken: .*API_PORT"):
        recall(home, port, own_kafka=True)


def test_kafkas_port_is_not_changed_behind_its_clients(home, occupy):
    occupy(recall(home, 0, own_kafka=True).ports["kafka"])

    with pytest.raises(ConfigError, match=r"for Kafka is taken: .*stack\.json"):
        recall(home, 0, own_kafka=True)


def test_a_foreign_kafka_needs_no_port_of_ours(home, occupy):
    occupy(recall(home, 0, own_kafka=True).ports["kafka"])

    recall(home, 0, own_kafka=False)


def test_a_taken_inner_port_is_replaced(home, occupy):
    before = recall(home, 0, own_kafka=True)
    occupy(before.ports["postgres"])

    after = recall(home, 0, own_kafka=True)

    assert after.ports["postgres"] != before.ports["postgres"]
    assert after.ports["vectors"] == before.ports["vectors"]
    assert after.installation == before.installation
