"""Waiting for what will be true, with a deadline."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

POLL_SECONDS = 0.05


async def until(condition: Callable[[], T | Awaitable[T]], seconds: float = 30) -> T:
    """Poll a condition, which may be a coroutine function; its first true value.

    Raises:
        TimeoutError: it never became true.
    """
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"not true within {seconds} s; last: {value!r}")
        await asyncio.sleep(POLL_SECONDS)
