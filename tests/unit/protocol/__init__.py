"""An executable model of the delivery protocol: small enough to read, hostile enough to believe.

Everything is pure Python and every choice comes from one seeded generator: a seed is a schedule.

    rules.py     the rules, one flag each, so that a test can leave one out
    kafka.py     partition logs, idempotent producers, requests that land late or never
    postgres.py  transactions, row locks, terminated sessions, commits whose answer is lost
    qdrant.py    a store without transactions, that forgets what it had not flushed
    world.py     the engines together, and the ways of waiting that all actors share
    traffic.py   what producers publish: repeats, conflicts, strange partitioners
    admit.py     the writer of the journal, step by step
    verdicts.py  its step 3: what becomes of each record
    views.py     the loop of every view; `persist`, the view with effects that double when repeated
    embed.py     the view with a second store: upserts, sweep of orphans, repair after a power cut
    reader.py    somebody who waits for their own write by its position token
    chaos.py     who moves next, who dies, who is suspended; then everything runs to its end
    faults.py    misfortunes of the world as a whole
    judge.py     what must be true once it has
"""
