"""The encoder against sentence-transformers at its defaults: one run, one table.

    python -m tests.benchmarks.encoder [--messages FILE.json] [--count 2000] [--rounds 3]

Both encode the same messages in one process and in turns, so that a busy machine slows both;
the rounds' medians count. Of FILE, any JSON, the texts under `text` and `content` are taken.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.adapters.embedding import load_encoder
from pipeline.adapters.embedding.weights import locate
from pipeline.ports import Encoder, Vector
from tests.benchmarks.encoder_messages import made_up, texts_in

MODEL = "all-MiniLM-L6-v2"

# What a worker sees: a new process, from its first line to its first vector.
FRESH = """
import time; start = time.perf_counter()
import asyncio, json, pathlib, psutil, sys
from pipeline.adapters.embedding import load_encoder
encoder = load_encoder(sys.argv[1], cache_dir=pathlib.Path(sys.argv[2]), mode=sys.argv[3])
asyncio.run(encoder.encode(["the first text"]))
seconds = time.perf_counter() - start
asyncio.run(encoder.encode(json.load(sys.stdin)))
print(json.dumps([seconds, psutil.Process().memory_info().rss / 2**20]))
"""


@dataclass(frozen=True, slots=True)
class Speed:
    """One pass over the messages."""

    per_second: float
    cpu_ms: float  # per message, of all threads


def machine() -> str:
    """Describe the processor: model, cores, and which of the instructions that matter it has."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    pairs = (line.partition(":") for line in lines)
    fields = {key.strip(): value.strip() for key, _, value in pairs}
    flags = fields.get("flags", "").split()
    has = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in flags]
    model = fields.get("model name", platform.machine())
    return f"{model}, {os.cpu_count()} cores, {' '.join(has)}, load {os.getloadavg()[0]:.1f}"


def measure(encode: Callable[[list[str]], Vector], messages: list[str]) -> Speed:
    """Encode all messages once."""
    wall, cpu = time.perf_counter(), time.process_time()
    encode(messages)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Speed(len(messages) / wall, cpu * 1000 / len(messages))


def median(speeds: list[Speed]) -> Speed:
    """Return the medians of both figures, each by itself."""
    return Speed(
        statistics.median(speed.per_second for speed in speeds),
        statistics.median(speed.cpu_ms for speed in speeds),
    )


def race(encoder: Encoder, messages: list[str], rounds: int) -> None:
    """Print how fast (a) and (b) are, and how far apart their vectors."""
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415  takes seconds

    model = SentenceTransformer(str(locate(MODEL).path), local_files_only=True)

    def chosen(texts: list[str]) -> Vector:
        return asyncio.run(encoder.encode(texts))

    agreement = np.einsum("ij,ij->i", model.encode(messages[:200]), chosen(messages[:200]))
    turns = [(measure(model.encode, messages), measure(chosen, messages)) for _ in range(rounds)]
    a, b = (median(list(speeds)) for speeds in zip(*turns, strict=True))

    print("| | messages/s | CPU ms/message | speed ÷ (a) |\n|---|---|---|---|")
    for name, speed in (("(a) SentenceTransformer.encode", a), (f"(b) {encoder.runtime}", b)):
        ratio = speed.per_second / a.per_second
        print(f"| {name} | {speed.per_second:.0f} | {speed.cpu_ms:.2f} | {ratio:.2f} |")
    print(f"\nlowest cosine between (a) and (b): {agreement.min():.5f}")


def fresh_process(cache: Path, mode: str, messages: list[str]) -> str:
    """Say how soon a new process has its first vector and what it holds after the messages."""
    command = [sys.executable, "-c", FRESH, MODEL, str(cache), mode]
    answer = subprocess.run(
        command, input=json.dumps(messages), capture_output=True, text=True, check=True
    )
    seconds, megabytes = json.loads(answer.stdout)
    return f"{mode}: first vector of a new process {seconds:.1f} s, resident {megabytes:.0f} MB"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="The encoder against sentence-transformers.")
    parser.add_argument("--messages", type=Path, help="JSON file to take the texts from")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()

    messages = made_up(options.count)
    if options.messages:
        messages = list(texts_in(json.loads(options.messages.read_text())))[: options.count]
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        encoder = load_encoder(MODEL, cache_dir=Path(folder))
        print(f"{machine()}\n{len(messages)} messages of {options.messages or 'our own making'}")
        print(f"first start, with the export: {time.perf_counter() - start:.1f} s")
        for mode in ("bulk", "query"):
            print(fresh_process(Path(folder), mode, messages[:400]))
        race(encoder, messages, options.rounds)
        encoder.close()


if __name__ == "__main__":
    main()
