"""Encoding on CPUs: OpenVINO and `tokenizers`, without torch."""

import logging
from collections import deque
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from pipeline.adapters.embedding.artifact import Artifact
from pipeline.adapters.embedding.offload import Forward, OffLoopEncoder
from pipeline.adapters.embedding.probe import MIN_COSINE, agreement, probe_texts
from pipeline.adapters.embedding.runtime_library import openvino
from pipeline.adapters.embedding.tokens import Batch, Ids, batches, open_tokenizer
from pipeline.errors import TidemarkError
from pipeline.ports import Vector

log = logging.getLogger(__name__)

Mode = Literal["bulk", "query"]


class UnfitError(TidemarkError):
    """OpenVINO does not reproduce the reference on this machine."""


def open_openvino(
    artifact: Artifact, model_name: str, mode: Mode, threads: int | None
) -> OffLoopEncoder:
    """Return an encoder at the lowest precision that passes the probe: bf16, else f32.

    `bulk` keeps every core busy with many texts, `query` answers one text soon on one thread;
    `threads` sets another number. Raises `UnfitError` when f32 fails too.
    """
    lowest = -1.0
    for hint in ("bf16", "f32"):
        compiled = _compile(artifact, hint, mode, threads)
        encoder = OffLoopEncoder(
            dimension=artifact.shape.dimension,
            model_name=model_name,
            runtime=f"openvino-{_precision(compiled)}",
            forward=_forward(artifact, compiled),
        )
        lowest = _probe(artifact, encoder)
        if lowest >= MIN_COSINE:
            return encoder
        encoder.close()
        log.warning("%s is refused: lowest cosine of the probe %.4f", encoder.runtime, lowest)
    raise UnfitError(f"lowest cosine of the probe {lowest:.4f}, below {MIN_COSINE}")


def _probe(artifact: Artifact, encoder: OffLoopEncoder) -> float:
    reference: Vector = np.load(artifact.path / "reference.npy", allow_pickle=False)
    return agreement(encoder.run(probe_texts()), reference)


def _compile(artifact: Artifact, hint: str, mode: Mode, threads: int | None) -> Any:
    options: dict[str, Any] = {
        "INFERENCE_PRECISION_HINT": hint,
        "PERFORMANCE_HINT": "LATENCY" if mode == "query" else "THROUGHPUT",
        # Brokers, databases and other workers share the cores: the scheduler places the threads.
        "ENABLE_CPU_PINNING": False,
    }
    if threads or mode == "query":
        options["INFERENCE_NUM_THREADS"] = threads or 1
    return openvino().Core().compile_model(artifact.path / "model.xml", "CPU", options)


def _precision(compiled: Any) -> str:
    """Say what runs: a processor without bf16 takes the hint and computes in f32."""
    return str(compiled.get_property("INFERENCE_PRECISION_HINT").to_string())


def _forward(artifact: Artifact, compiled: Any) -> Forward:
    """Return the blocking encode over `compiled`.

    Requests are made anew each call (0.2 ms): one that failed leaves nothing to the next.
    There are two for each stream, so that none waits while results are copied out.
    """
    shape = artifact.shape
    tokenizer = open_tokenizer(artifact.path / "tokenizer.json", shape.max_length)
    streams = compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")

    def forward(texts: list[str]) -> Vector:
        vectors = np.empty((len(texts), shape.dimension), np.float32)
        idle = [compiled.create_infer_request() for _ in range(2 * streams)]
        running: deque[tuple[Any, list[int]]] = deque()

        def collect() -> None:
            request, rows = running.popleft()
            request.wait()
            vectors[rows] = request.get_output_tensor(0).data
            idle.append(request)

        for batch in batches(tokenizer, texts, shape.pad_id):
            if not idle:
                collect()
            request = idle.pop()
            request.start_async(dict(_inputs(batch, shape.inputs)))
            running.append((request, batch.rows))
        while running:
            collect()
        return vectors

    return forward


def _inputs(batch: Batch, names: tuple[str, ...]) -> Iterator[tuple[str, Ids]]:
    arrays = {"input_ids": batch.ids, "attention_mask": batch.mask}
    for name in names:
        # A single text is wholly of the first kind, 0.
        yield name, arrays.get(name, np.zeros_like(batch.ids))
