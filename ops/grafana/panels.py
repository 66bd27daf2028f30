"""What the dashboard shows: every panel's question, as PromQL.

No expression may be empty on a running pipeline, for an empty panel looks like a broken one. A
series that appears only with its first fault therefore falls back on zero: `or on() vector(0)`
adds nothing as soon as there is a series.
"""

from ops.grafana.charts import WINDOW, ZERO, Chart, Group, Query, one, quantiles, rate

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

WORK = Group(
    "Work per batch",
    8,
    (
        Chart(
            "Prepare",
            "Outside the transaction: decoding, keys, encoding.",
            "s",
            quantiles("tidemark_prepare_seconds", "consumer"),
        ),
        Chart(
            "Store",
            "Inside the transaction, from lock to commit.",
            "s",
            quantiles("tidemark_store_seconds", "consumer"),
        ),
        Chart(
            "Stores away",
            "Batches put off per second, and the consumers that wait right now.",
            "short",
            (
                Query(
                    rate("tidemark_store_retries_total", "consumer") + ZERO, "retries {{consumer}}"
                ),
                Query("sum by (consumer) (tidemark_store_waiting)", "waiting {{consumer}}"),
            ),
        ),
    ),
)

FAULTS = Group(
    "Faults",
    8,
    (
        Chart(
            "Dead letters by reason",
            "Per second. One reason that rises alone is mostly one producer.",
            "ops",
            one(rate("tidemark_dead_letters_total", "reason") + ZERO, "{{reason}}"),
        ),
        Chart(
            "Quarantined records",
            "Set aside after three failed attempts, until someone retries them.",
            "short",
            one("max by (consumer) (tidemark_quarantined_records)", "{{consumer}}"),
        ),
        Chart(
            "Tampered records",
            "Stored records that do not authenticate, in the last hour.",
            "short",
            one(
                "sum by (consumer) (increase(tidemark_tampered_records_total[1h]))", "{{consumer}}"
            ),
        ),
        Chart(
            "Orphan points",
            "Vector points without a row, swept in the last hour.",
            "short",
            one("sum(increase(tidemark_orphan_points_total[1h]))", "swept"),
        ),
    ),
)

WORKERS = Group(
    "Workers",
    8,
    (
        Chart(
            "Partitions assigned",
            "Of each consumer; less than the topic has means that nobody works on some.",
            "short",
            one("sum by (consumer) (tidemark_partitions_assigned)", "{{consumer}}"),
        ),
        Chart(
            "Processes scraped",
            "Processes that answer Prometheus, of those it knows.",
            "short",
            (
                Query('sum by (job) (up{job=~"tidemark-.+"})', "{{job}} up"),
                Query('count by (job) (up{job=~"tidemark-.+"})', "{{job}} known"),
            ),
        ),
        Chart(
            "Memory",
            "Resident memory of each process.",
            "bytes",
            one(
                'process_resident_memory_bytes{job=~"tidemark-.+"}',
                "{{job}} {{service}} {{instance}}",
            ),
        ),
    ),
)

API = Group(
    "API",
    8,
    (
        Chart(
            "Requests by status",
            "Answers per second.",
            "reqps",
            one(rate("tidemark_api_seconds_count", "status"), "{{status}}"),
        ),
        Chart(
            "Latency by route",
            "Time to answer.",
            "s",
            quantiles("tidemark_api_seconds", "route"),
        ),
        Chart(
            "Stores",
            "1 where the API reaches the store.",
            "short",
            one("min by (store) (tidemark_store_up)", "{{store}}"),
        ),
    ),
)

GROUPS = (GLANCE, FLOW, LAG, WORK, FAULTS, WORKERS, API)
