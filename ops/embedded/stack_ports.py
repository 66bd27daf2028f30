"""Which ports the parts listen on: chosen once, remembered, and chosen anew only inside."""

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ops.embedded.ports import free_ports, is_taken
from ops.embedded.stack_home import Home
from ops.embedded.vectors.files import read_json, write_json
from pipeline.errors import ConfigError

KAFKA = 29092  # unless it is taken at the first start

# Only our own processes know these, so a taken one is simply replaced.
_INNER = ("controller", "postgres", "vectors", "light metrics", "embed metrics")


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered across starts."""

    installation: str  # 8 hex digits that tell this data directory's workers from others'
    ports: Mapping[str, int]


def recall(home: Home, api_port: int, *, own_kafka: bool) -> Memory:
    """The remembered ports, with the API's; what is missing is chosen and remembered.

    Args:
        home: whose ports.
        api_port: where the API is to listen; 0 chooses and remembers one.
        own_kafka: whether a broker of ours will listen.

    Raises:
        ConfigError: the port of the API or of Kafka, which others know, is taken.
    """
    known = read_json(home.memory) if home.memory.exists() else {}
    ports: dict[str, int] = dict(known.get("ports", {}))
    if own_kafka:
        ports["kafka"] = _kafka(home, ports.get("kafka"))
    ports["api"] = api_port or ports.get("api") or free_ports(1)[0]
    if is_taken(ports["api"]):
        where = "API_PORT" if api_port else f'"api" in {home.memory}'
        raise ConfigError([_taken(ports["api"], "the API", where)])
    for name in _INNER:
        ports[name] = _inner(ports.pop(name, None), ports.values())
    memory = Memory(known.get("installation") or secrets.token_hex(4), ports)
    kept = ports if not api_port else {n: p for n, p in ports.items() if n != "api"}
    write_json(home.memory, {"installation": memory.installation, "ports": kept})
    return memory


def _kafka(home: Home, known: int | None) -> int:
    if known is None:
        return free_ports(1)[0] if is_taken(KAFKA) else KAFKA
    if is_taken(known):
        raise ConfigError([_taken(known, "Kafka", f'"kafka" in {home.memory}')])
    return known


def _inner(known: int | None, others: Collection[int]) -> int:
    while known is None or known in others or is_taken(known):
        known = free_ports(1)[0]
    return known


def _taken(port: int, purpose: str, where: str) -> str:
    return f"port {port} for {purpose} is taken: stop what listens there, or change {where}"
