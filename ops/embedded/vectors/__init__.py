"""The `vectors` process: Qdrant Edge behind the REST routes that Qdrant's own client calls.

    python -m ops.embedded.vectors --path DIR --port PORT [--uds FILE] [--flush-every POINTS]

So the laptop runs the same adapter as production, against the same engine, without a server.

One process, one thread. Edge allows one owner a shard and holds the GIL in every call, so a second
thread would wait anyway; on the event loop every call is alone by construction and needs no lock.
A lock on the data directory refuses a second process. Nothing here forks: Edge keeps threads.

Strict on purpose: what is not understood (route, field, condition, query form) is refused, because
an ignored filter would return, or delete, somebody else's points. Refusals never repeat the input.

What survives. Edge appends every update to its log before it answers, which outlives `kill -9`. It
does not fsync each one, so after a power loss the tail may be missing. `flush` does: after every
`--flush-every` points, before a delete by filter is answered, at a clean stop, and on request.

The flush contract, for a writer that keeps a position of its own (`FlushState` in pipeline.ports):

    GET  /tidemark/state   {"store_id", "boot_id", "clean", "seq", "flushed_seq"}
    POST /tidemark/flush   the same, after everything answered so far has reached the disk

`seq` counts updates. `boot_id` outlives clean stops and is made anew at each start that follows any
other stop; `store_id` is made with the directory. So one comparison decides, whatever happened in
between, and the writer keeps (position, store_id, boot_id):

    1. read its own position, then POST /tidemark/flush;
    2. ids as stored: store the position read in 1; everything below it is on disk;
    3. another boot_id: go back to the stored position, then store the new boot_id with it;
    4. another store_id: go back to the beginning.

Updates are idempotent, so going back costs time and nothing else.

What erasure needs. A deleted point stays in Edge's log until thousands of later writes push it out:

    POST /tidemark/rewrite/{collection}   {"points": kept}

copies the live points into a new shard, in small steps between which others are served, switches to
it by one rename, and removes the old files.
"""
