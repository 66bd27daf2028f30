"""What a snapshot means: which part is well, and what an operator can do.

| part     | when it is down                                            | the service is |
|----------|------------------------------------------------------------|----------------|
| kafka    | writes answer 503                                          | degraded       |
| postgres | every read of memory answers 503; writes still go to the log | down         |
| vectors  | search and contexts with a query answer 503                | degraded       |
| encoder  | the same                                                   | degraded       |
| a stage  | what is written cannot be read yet, and nothing is lost    | degraded       |
"""

from typing import Literal

from api.monitor import Snapshot
from pipeline.adapters.postgres.reads.marks import ADMIT
from pipeline.adapters.postgres.tables import VIEWS
from schemas.responses import PartHealth, Ready

STAGES = (ADMIT, *VIEWS)
LATE_SECONDS = 30.0

_STORES = {
    "kafka": "writes are refused: check KAFKA_BOOTSTRAP_SERVERS, the brokers and the topics",
    "postgres": "nothing can be read: check POSTGRES_URL and the server",
    "vectors": "no search by meaning: check QDRANT_URL and the server",
}
_ENCODER = "the model is being prepared; the first start on a machine takes a minute"
_UNKNOWN = "nobody knows how far it is while Kafka or PostgreSQL is away"
_LATE = "is a worker running? see its log; more workers help up to the number of partitions"
_STRANGER = (
    "it took records that admit never accepted, so the journal is not the one admit writes: check"
    " KAFKA_BOOTSTRAP_SERVERS, TIDEMARK_TOPIC_PREFIX and POSTGRES_URL"
)
_ASIDE = "records were set aside: `tidemark quarantine list` shows them"


def readiness(seen: Snapshot) -> Ready:
    """The state of every part, in the order in which a message passes them."""
    parts = (
        _store(seen, "kafka"),
        *(_stage(seen, name) for name in STAGES),
        _store(seen, "postgres"),
        _store(seen, "vectors"),
        _part("encoder", up=seen.encoder, advice=_ENCODER),
    )
    return Ready(status=_overall(seen, parts), parts=parts)


def _overall(seen: Snapshot, parts: tuple[PartHealth, ...]) -> Literal["ready", "degraded", "down"]:
    if not seen.up.get("postgres"):
        return "down"
    return "ready" if all(part.status == "ok" for part in parts) else "degraded"


def _store(seen: Snapshot, name: str) -> PartHealth:
    return _part(name, up=seen.up.get(name, False), advice=_STORES[name])


def _part(name: str, *, up: bool, advice: str) -> PartHealth:
    return PartHealth(name=name, status="ok" if up else "down", advice=None if up else advice)


def _stage(seen: Snapshot, name: str) -> PartHealth:
    lag, aside = seen.lags.get(name), seen.quarantined.get(name, 0)
    if lag is None:
        return PartHealth(name=name, status="down", advice=_UNKNOWN)
    if name in seen.strangers:
        return PartHealth(name=name, status="down", advice=_STRANGER)
    late = lag.seconds > LATE_SECONDS
    return PartHealth(
        name=name,
        status="behind" if late or aside else "ok",
        lag_records=lag.total,
        lag_seconds=round(lag.seconds, 3),
        quarantined=None if name == ADMIT else aside,
        advice=_ASIDE if aside else _LATE if late else None,
    )
