"""The connection: address, key, TLS, time limits."""

import ssl
from typing import Any

import httpx
from qdrant_client import AsyncQdrantClient

UNIX_PREFIX = "unix://"
TIMEOUT_SECONDS = 30
MAX_CONNECTIONS = 16

# Shorter than any server keeps an idle connection (Qdrant: 5 s), so that none dies under a request.
KEEP_ALIVE_SECONDS = 2.0


def connect(
    url: str,
    *,
    api_key: str | None = None,
    ca_file: str | None = None,
    timeout: int = TIMEOUT_SECONDS,
) -> AsyncQdrantClient:
    """Return a client for `http(s)://host:port` or `unix:///path`; nothing is sent yet.

    `ca_file` trusts these certificate authorities instead of the system's.
    """
    limits = httpx.Limits(
        max_connections=MAX_CONNECTIONS,
        max_keepalive_connections=MAX_CONNECTIONS,
        keepalive_expiry=KEEP_ALIVE_SECONDS,
    )
    # Without limits the client would open a connection for every request on loopback.
    options: dict[str, Any] = {"limits": limits, "timeout": timeout}
    if url.startswith(UNIX_PREFIX):
        socket = url.removeprefix(UNIX_PREFIX)
        options["transport"] = httpx.AsyncHTTPTransport(uds=socket, limits=limits)
        url = "http://localhost"
    if ca_file is not None:
        options["verify"] = ssl.create_default_context(cafile=ca_file)
    if api_key is not None:
        # As a header: the parameter of that name warns about loopback without TLS.
        options["headers"] = {"api-key": api_key}
    return AsyncQdrantClient(url=url, prefer_grpc=False, check_compatibility=False, **options)
