"""The upper half of the dashboard: what flows through the pipeline, and how late it is."""

from ops.grafana.charts import WINDOW, ZERO, Chart, Group, one, quantiles, rate

# Several API processes may report the same gauge, so the greatest counts, once a partition.
_BEHIND = "sum by (consumer) (max by (consumer, partition) (tidemark_lag_records))"
_ADMITTED = '{consumer="admit", outcome="admitted"}'
_EMBEDDED = '{consumer="embed"}'

GLANCE = Group(
    "At a glance",
    4,
    (
        Chart(
            "Events admitted",
            "New events that entered the journal, per second.",
            "ops",
            one(f"sum(rate(tidemark_records_total{_ADMITTED}{WINDOW})){ZERO}"),
            single=True,
        ),
        Chart(
            "Furthest behind",
            "Records that the slowest consumer has not settled.",
            "short",
            one(f"max({_BEHIND})"),
            single=True,
        ),
        Chart(
            "Searchable after, p95",
            "From publishing an event to finding it: 95 of 100 are faster. No value without"
            " traffic.",
            "s",
            (quantiles("tidemark_freshness_seconds", "consumer", _EMBEDDED)[1],),
            single=True,
        ),
        Chart(
            "Dead letters, last hour",
            "Records that producers must repair.",
            "short",
            one(f"sum(increase(tidemark_dead_letters_total[1h])){ZERO}"),
            single=True,
        ),
        Chart(
            "Quarantined",
            "Journal records that a view has set aside.",
            "short",
            one("sum(max by (consumer) (tidemark_quarantined_records))"),
            single=True,
        ),
        Chart(
            "Stores reachable",
            "Share of the stores that the API reaches.",
            "percentunit",
            one("avg(min by (store) (tidemark_store_up))"),
            single=True,
        ),
    ),
)

FLOW = Group(
    "Flow",
    8,
    (
        Chart(
            "Throughput",
            "Records settled per second.",
            "ops",
            one(rate("tidemark_records_total", "consumer"), "{{consumer}}"),
        ),
        Chart(
            "Events by outcome",
            "What became of the records: admitted, handled, duplicate, dropped, dead letter…",
            "ops",
            one(rate("tidemark_records_total", "consumer, outcome"), "{{consumer}} {{outcome}}"),
        ),
        Chart(
            "Batch size",
            "Records taken together. Batches grow with the load.",
            "short",
            quantiles("tidemark_batch_records", "consumer"),
        ),
    ),
)

LAG = Group(
    "Lag and freshness",
    8,
    (
        Chart(
            "Lag, records",
            "Between a consumer's watermark and the end of its topic; measured by the API, not by"
            " the workers.",
            "short",
            one(_BEHIND, "{{consumer}}"),
        ),
        Chart(
            "Lag, seconds",
            "Age of the oldest record that a consumer has not settled.",
            "s",
            one("max by (consumer) (tidemark_lag_seconds)", "{{consumer}}"),
        ),
        Chart(
            "Freshness",
            "From the broker's timestamp of a published event to its effect; embed: searchable.",
            "s",
            quantiles("tidemark_freshness_seconds", "consumer"),
        ),
    ),
)
