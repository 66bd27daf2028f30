"""A cache entry is whole or refused; the probe's verdict is the lowest cosine."""

import json

import numpy as np
import pytest

from pipeline.adapters.embedding.artifact import (
    FILES,
    MANIFEST,
    ArtifactError,
    Shape,
    entry_name,
    read_artifact,
    write_manifest,
)
from pipeline.adapters.embedding.probe import agreement, probe_texts
from pipeline.adapters.embedding.weights import Weights

SHAPE = Shape(dimension=4, max_length=16, pad_id=0, inputs=("input_ids", "attention_mask"))


@pytest.fixture
def entry(tmp_path):
    for name in FILES:
        (tmp_path / name).write_text(f"content of {name}")
    write_manifest(tmp_path, SHAPE)
    return tmp_path


def test_an_intact_entry_is_read_back(entry):
    found = read_artifact(entry)

    assert found.path == entry
    assert found.shape == SHAPE


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_is_named(entry, name):
    (entry / name).write_text("something else")

    with pytest.raises(ArtifactError, match=name):
        read_artifact(entry)


@pytest.mark.parametrize("name", [*FILES, MANIFEST])
def test_a_missing_file_is_named(entry, name):
    (entry / name).unlink()

    with pytest.raises(ArtifactError, match=name):
        read_artifact(entry)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"files": {}, "shape": {"dimension": 4}}'])
def test_a_manifest_of_another_form_is_refused(entry, text):
    (entry / MANIFEST).write_text(text)

    with pytest.raises(ArtifactError, match=MANIFEST):
        read_artifact(entry)


def test_a_manifest_that_lists_no_files_is_refused(entry):
    manifest = json.loads((entry / MANIFEST).read_text())
    (entry / MANIFEST).write_text(json.dumps({**manifest, "files": {}}))

    with pytest.raises(ArtifactError):
        read_artifact(entry)


def test_an_absent_entry_says_so(tmp_path):
    with pytest.raises(ArtifactError, match="absent"):
        read_artifact(tmp_path / "nowhere")


def test_other_weights_make_another_entry(tmp_path):
    names = {entry_name(Weights(tmp_path, "model", digest)) for digest in ("a" * 64, "b" * 64)}

    assert len(names) == 2
    assert all(name.startswith("model-") for name in names)


def test_agreement_is_the_worst_rows_cosine():
    reference = np.eye(3, dtype=np.float32)
    vectors = reference.copy()
    vectors[1] = [0.6, 0.8, 0]

    assert agreement(reference, reference) == 1
    assert agreement(vectors, reference) == pytest.approx(0.8)


def test_vectors_of_another_shape_or_not_finite_agree_on_nothing():
    reference = np.eye(3, dtype=np.float32)

    assert agreement(reference[:2], reference) == -1
    assert agreement(reference[:, :2], reference) == -1
    assert agreement(np.full_like(reference, np.nan), reference) == -1
    assert agreement(reference[:0], reference[:0]) == -1


def test_the_probe_set_varies_in_length_and_script():
    texts = probe_texts()

    assert len(set(texts)) == len(texts) == 40
    assert min(map(len, texts)) == 0
    assert max(map(len, texts)) > 1000
    assert sum(not text.isascii() for text in texts) >= 10
