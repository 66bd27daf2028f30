"""Command line of the `vectors` process; see the package for what it promises."""

import argparse
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import uvicorn

from ops.embedded.vectors.app import create_app
from ops.embedded.vectors.refused import EngineFailed
from ops.embedded.vectors.store import FLUSH_EVERY, MIN_FREE_BYTES, opened
from pipeline.errors import EXIT_CONFIG, EXIT_FATAL, ConfigError

HOST = "127.0.0.1"
MAX_CONNECTIONS = 64
KEEP_ALIVE_SECONDS = 75  # longer than any client keeps one, so that no request meets a closing end
GRACE_SECONDS = 5

log = logging.getLogger("vectors")


def main() -> int:
    """Serve until a signal; return the exit code."""
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    os.umask(0o077)  # data, and the Unix socket, are the owner's alone
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, _stop)
    try:
        _serve(arguments)
    except ConfigError as error:
        return _refuse(error.reasons)
    except OSError as error:
        return _refuse([f"{error.filename or arguments.path}: {error.strerror}"])
    except EngineFailed as error:
        log.critical("not everything reached the disk: %s", error)
        return EXIT_FATAL
    except SystemExit:
        log.info("stopped")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="vectors", description="Qdrant Edge on loopback.")
    parser.add_argument("--path", type=Path, required=True, help="data directory")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--port", type=int, help="TCP port on 127.0.0.1; 0 chooses one")
    where.add_argument("--uds", type=Path, help="Unix socket instead of a port")
    parser.add_argument("--flush-every", type=int, default=FLUSH_EVERY, metavar="POINTS")
    parser.add_argument("--min-free-mb", type=int, default=MIN_FREE_BYTES // 2**20)
    return parser.parse_args()


def _refuse(reasons: Sequence[str]) -> int:
    for reason in reasons:
        print(f"vectors: {reason}", file=sys.stderr)  # noqa: T201  for whoever started it
    return EXIT_CONFIG


def _stop(_signal: int, _frame: object) -> NoReturn:
    # uvicorn raises the signal again once it has stopped; the store is closed on the way out.
    sys.exit(0)


def _serve(arguments: argparse.Namespace) -> None:
    room = arguments.min_free_mb * 2**20
    with (
        opened(arguments.path, flush_every=arguments.flush_every, min_free_bytes=room) as store,
        _bound(arguments.port, arguments.uds) as listener,
    ):
        log.info("serving on %s, %s", listener.getsockname(), f"boot {store.boot.boot_id}")
        config = uvicorn.Config(
            create_app(store),
            log_config=None,
            log_level="warning",
            access_log=False,
            lifespan="off",
            http="h11",
            ws="none",
            proxy_headers=False,
            server_header=False,
            limit_concurrency=MAX_CONNECTIONS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        uvicorn.Server(config).run(sockets=[listener])


def _bound(port: int | None, path: Path | None) -> socket.socket:
    # asyncio sets TCP_NODELAY only where the protocol is spelt out; without it answers take 40 ms.
    tcp = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener = socket.socket(*tcp) if path is None else socket.socket(socket.AF_UNIX)
    try:
        if path is None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((HOST, port))
        else:
            path.unlink(missing_ok=True)  # left by a killed process: the directory is ours by now
            listener.bind(str(path))
        listener.listen()  # whoever connects from here on waits instead of being turned away
    except OSError as error:
        listener.close()
        name = path or f"{HOST}:{port}"
        raise ConfigError([f"cannot listen on {name}: {error.strerror}"]) from None
    return listener


if __name__ == "__main__":
    sys.exit(main())
