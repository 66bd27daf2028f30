"""Ports on the loopback interface: finding free ones, and refusing taken ones in one line."""

import secrets
import socket
from collections.abc import Mapping

from pipeline.errors import ConfigError

HOST = "127.0.0.1"

# Below 32768, where the kernel takes the local end of outgoing connections: a client that retries
# a server's port in that range can connect to itself and occupy it.
_LOWEST, _HIGHEST = 20_000, 32_000
_ATTEMPTS = 1_000


def free_ports(count: int) -> tuple[int, ...]:
    """`count` different ports that nothing listens on, drawn at random so that runs differ."""
    ports: set[int] = set()
    for _ in range(_ATTEMPTS):
        port = _LOWEST + secrets.randbelow(_HIGHEST - _LOWEST)
        if not is_taken(port):
            ports.add(port)
        if len(ports) == count:
            return tuple(ports)
    raise ConfigError([f"no {count} free ports between {_LOWEST} and {_HIGHEST}"])


def is_taken(port: int) -> bool:
    """Whether something listens on the port."""
    with socket.socket() as probe:
        # As the servers do it: connections that are still closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


def require_free(ports: Mapping[str, int]) -> None:
    """Check the ports that are about to be listened on, given by what they are for.

    Raises:
        ConfigError: one line for each port that is taken.
    """
    taken = [
        f"port {port} for {purpose} is taken: stop what listens there, or choose another port"
        for purpose, port in ports.items()
        if is_taken(port)
    ]
    if taken:
        raise ConfigError(taken)
