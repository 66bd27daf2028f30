"""(a) and (b): how fast texts become vectors, in processes of their own that end afterwards."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from pipeline.adapters.embedding import load_encoder
from pipeline.adapters.embedding.weights import locate
from tests.benchmarks.encoder import MODEL, Speed, measure, median
from tests.benchmarks.remembered import remember
from tests.servers import CACHE


@dataclass(frozen=True, slots=True)
class Encoding:
    """Speeds of one pass, and what runs the second."""

    reference: Speed
    chosen: Speed
    runtime: str


async def race(texts: Sequence[str], rounds: int) -> Encoding:
    """Both encoders, in turns, so that a busy machine slows both; medians of the rounds."""
    return await _apart(_race, list(texts), rounds)


async def alone(texts: Sequence[str], rounds: int) -> Speed:
    """The chosen encoder again, later."""
    return await _apart(_alone, list(texts), rounds)


async def remember_all(path: Path, texts: Sequence[str]) -> None:
    """The vectors of all texts, for `remembered`."""
    await _apart(_remember, path, list(texts))


async def _apart(function: Any, *arguments: Any) -> Any:
    """Run a function in a fresh process: models would stay in this one's memory."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return await asyncio.get_running_loop().run_in_executor(pool, function, *arguments)


def _race(texts: list[str], rounds: int) -> Encoding:
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415  takes seconds
    from transformers.utils.logging import disable_progress_bar  # noqa: PLC0415  the same

    disable_progress_bar()
    model = SentenceTransformer(str(locate(MODEL).path), local_files_only=True)
    encoder = load_encoder(MODEL, cache_dir=CACHE)
    ours = _blocking(encoder)
    model.encode(texts[:64])
    ours(texts[:64])
    turns = [(measure(model.encode, texts), measure(ours, texts)) for _ in range(rounds)]
    reference, chosen = (median(list(speeds)) for speeds in zip(*turns, strict=True))
    return Encoding(reference, chosen, encoder.runtime)


def _alone(texts: list[str], rounds: int) -> Speed:
    ours = _blocking(load_encoder(MODEL, cache_dir=CACHE))
    ours(texts[:64])
    return median([measure(ours, texts) for _ in range(rounds)])


def _remember(path: Path, texts: list[str]) -> None:
    remember(path, load_encoder(MODEL, cache_dir=CACHE), texts)


def _blocking(encoder: Any) -> Any:
    return lambda texts: asyncio.run(encoder.encode(texts))
