"""Every metric, named once: `tidemark_<thing>_<unit>`, labels from closed sets, never a user."""

from collections.abc import Iterable

from prometheus_client import Counter, Gauge, Histogram, start_http_server

from pipeline.errors import ConfigError

_FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_FRESH = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5, 10, 30, 60, 300, 900)
_SIZES = (1, 2, 5, 10, 25, 50, 100, 200, 400, 800)

RECORDS = Counter(
    "tidemark_records_total",
    "Records settled, by what became of them.",
    ["consumer", "outcome"],
)
DEAD_LETTERS = Counter(
    "tidemark_dead_letters_total", "Records sent to the dead-letter topic.", ["reason"]
)
BATCH = Histogram(
    "tidemark_batch_records", "Records settled together.", ["consumer"], buckets=_SIZES
)
PREPARE_SECONDS = Histogram(
    "tidemark_prepare_seconds",
    "Time per batch outside the transaction: decoding, keys, encoding.",
    ["consumer"],
    buckets=_FAST,
)
STORE_SECONDS = Histogram(
    "tidemark_store_seconds",
    "Time per batch inside the transaction, from lock to commit.",
    ["consumer"],
    buckets=_FAST,
)
FRESHNESS_SECONDS = Histogram(
    "tidemark_freshness_seconds",
    "From the broker's timestamp of a published event to its effect in a consumer's store.",
    ["consumer"],
    buckets=_FRESH,
)
RETRIES = Counter(
    "tidemark_store_retries_total", "Batches put off because a store was away.", ["consumer"]
)
WAITING = Gauge(
    "tidemark_store_waiting", "1 while a consumer waits for a store to come back.", ["consumer"]
)
PARTITIONS = Gauge("tidemark_partitions_assigned", "Partitions a worker owns.", ["consumer"])
ORPHANS = Counter(
    "tidemark_orphan_points_total", "Vector points without a row, swept from the vector store."
)

TAMPERED = Counter(
    "tidemark_tampered_records_total",
    "Stored records that do not authenticate: altered, moved, or decayed.",
    ["consumer"],
)

LAG_RECORDS = Gauge(
    "tidemark_lag_records",
    "Records between a consumer's watermark and the end of its topic.",
    ["consumer", "partition"],
)
LAG_SECONDS = Gauge(
    "tidemark_lag_seconds", "Age of the oldest record a consumer has not settled.", ["consumer"]
)
QUARANTINED = Gauge(
    "tidemark_quarantined_records", "Journal records set aside by a view.", ["consumer"]
)
STORE_UP = Gauge("tidemark_store_up", "1 when the API reaches the store.", ["store"])
API_SECONDS = Histogram(
    "tidemark_api_seconds",
    "Time to answer a request.",
    ["method", "route", "status"],
    buckets=_FAST,
)


OUTCOMES = {
    "admit": ("admitted", "duplicate", "rehomed", "dead_letter"),
    "view": ("handled", "shredded", "seen", "redone", "orphaned", "quarantined"),
}


def begin_at_zero(consumer: str, reasons: Iterable[str] = ()) -> None:
    """Make a worker's series at zero: Prometheus does not count a series' first increment."""
    for outcome in OUTCOMES.get(consumer, OUTCOMES["view"]):
        RECORDS.labels(consumer, outcome)
    for reason in reasons:
        DEAD_LETTERS.labels(reason)
    RETRIES.labels(consumer)
    WAITING.labels(consumer)
    TAMPERED.labels(consumer)


def serve(host: str, port: int) -> None:
    """Serve the process's metrics; port 0 serves none.

    Raises:
        ConfigError: the port is taken.
    """
    if not port:
        return
    try:
        start_http_server(port, host)
    except OSError as error:
        raise ConfigError([f"METRICS_PORT {port}: {error.strerror}"]) from None
