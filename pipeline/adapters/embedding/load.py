"""Which runtime encodes, decided once at start."""

import logging
from pathlib import Path
from typing import Literal

from pipeline.adapters.embedding.cuda import why_no_cuda
from pipeline.adapters.embedding.obtain import ExportError, obtain
from pipeline.adapters.embedding.offload import OffLoopEncoder
from pipeline.adapters.embedding.openvino_runtime import Mode, UnfitError, open_openvino
from pipeline.adapters.embedding.weights import Weights, locate
from pipeline.errors import ConfigError
from pipeline.ports import Encoder

log = logging.getLogger(__name__)

Runtime = Literal["auto", "torch", "openvino"]


def load_encoder(
    model: str,
    *,
    runtime: Runtime = "auto",
    use_gpu: bool | None = None,
    cache_dir: Path,
    mode: Mode = "bulk",
    threads: int | None = None,
) -> Encoder:
    """Open `model` (a packaged name or a directory) in the runtime that fits this machine.

    `auto` is torch where a GPU is and may be used, else OpenVINO, else torch on the CPU with a
    warning. `use_gpu` None means if there is one. Blocks: the first call on a machine exports the
    model into `cache_dir` (tens of seconds). Raises `ConfigError` for what cannot be had.
    """
    weights = locate(model)
    if runtime == "openvino":
        return _openvino_or_refuse(weights, use_gpu, cache_dir, mode, threads)
    if _gpu(use_gpu):
        return _torch(weights, "cuda", threads)
    if runtime == "torch":
        return _torch(weights, "cpu", threads)
    try:
        return open_openvino(obtain(weights, cache_dir), weights.name, mode, threads)
    except (ExportError, UnfitError) as reason:
        log.warning("sentence-transformers encodes, slower than OpenVINO would: %s", reason)
        return _torch(weights, "cpu", threads)


def _openvino_or_refuse(
    weights: Weights, use_gpu: bool | None, cache_dir: Path, mode: Mode, threads: int | None
) -> OffLoopEncoder:
    if use_gpu:
        raise ConfigError(["EMBEDDING_RUNTIME=openvino runs on CPUs; USE_GPU=true needs torch"])
    try:
        return open_openvino(obtain(weights, cache_dir), weights.name, mode, threads)
    except (ExportError, UnfitError) as reason:
        raise ConfigError([f"EMBEDDING_RUNTIME=openvino does not work here: {reason}"]) from reason


def _gpu(use_gpu: bool | None) -> bool:
    """Say whether to use CUDA; raises `ConfigError` when it is demanded and not there."""
    if use_gpu is False:
        return False
    missing = why_no_cuda()
    if use_gpu and missing:
        raise ConfigError([f"USE_GPU=true, but {missing}"])
    return missing is None


def _torch(weights: Weights, device: Literal["cpu", "cuda"], threads: int | None) -> OffLoopEncoder:
    # Torch takes seconds to import: only where it is what runs.
    from pipeline.adapters.embedding.torch_runtime import open_torch  # noqa: PLC0415

    return open_torch(weights, device, threads)
