"""What the dashboard shows: every panel's question, as PromQL.

No expression may be empty on a running pipeline, for an empty panel looks like a broken one. A
series that appears only with its first fault therefore falls back on zero: `or on() vector(0)`
adds nothing as soon as there is a series.
"""

from ops.grafana.charts import ZERO, Chart, Group, Query, one, quantiles, rate
from ops.grafana.flow_panels import FLOW, GLANCE, LAG

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
