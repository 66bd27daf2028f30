"""The exporter process: any model, many callers, damage, and a caller that dies."""

import subprocess
import sys

import pytest

from pipeline.adapters.embedding.artifact import entry_name
from pipeline.adapters.embedding.export import EXIT_ORPHANED
from pipeline.adapters.embedding.weights import locate
from tests.integration.encoder_support import (
    MESSAGES,
    cosines,
    encoder,
    loading_process,
    outcome,
    tiny_model,
)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tiny_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def entry(model, cache):
    """The cache entry, made by two processes that start at the same moment."""
    processes = [loading_process(cache, model=str(model), runtime="openvino") for _ in range(2)]
    ended = [outcome(process) for process in processes]
    assert [code for code, _, _ in ended] == [0, 0], [logged for _, _, logged in ended]
    return cache / entry_name(locate(str(model)))


def test_callers_at_the_same_moment_share_one_whole_entry(entry, cache):
    assert sorted(path.name for path in cache.iterdir()) == [entry.name, f"{entry.name}.lock"]


async def test_any_model_directory_is_exported_with_its_own_pooling_and_length(entry, model, cache):
    with encoder(cache, model, runtime="openvino") as exported:
        vectors = await exported.encode(MESSAGES)
    with encoder(cache, model, runtime="torch", use_gpu=False) as reference:
        expected = await reference.encode(MESSAGES)

    assert (exported.dimension, exported.model_name) == (48, locate(str(model)).name)
    assert cosines(vectors, expected).min() >= 0.9999


async def test_a_damaged_entry_is_made_again(entry, model, cache):
    weights = bytearray((entry / "model.bin").read_bytes())
    weights[len(weights) // 2] ^= 0xFF
    (entry / "model.bin").write_bytes(weights)

    with encoder(cache, model, runtime="openvino") as exported:
        vectors = await exported.encode(["again"])

    assert vectors.shape == (1, 48)
    assert (entry / "model.bin").read_bytes() != bytes(weights)


def test_an_exporter_ends_with_its_caller(model, tmp_path):
    command = [sys.executable, "-m", "pipeline.adapters.embedding.export", model, tmp_path / "new"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as exporter:
        exporter.stdin.close()
        code = exporter.wait(timeout=120)

    assert code == EXIT_ORPHANED
    assert not (tmp_path / "new").exists()
