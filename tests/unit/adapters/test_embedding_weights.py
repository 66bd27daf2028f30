"""Which files are a model, and what its name and digest depend on."""

import pytest

from pipeline.adapters.embedding.weights import PINNED, locate, pinned
from pipeline.errors import ConfigError


@pytest.fixture
def directory(tmp_path):
    folder = tmp_path / "my model (v2)"
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "1_Pooling" / "config.json").write_text("{}")
    (folder / "README.md").write_text("about")
    return folder


def test_the_packaged_model_is_known_by_both_its_names():
    short, long = locate("all-MiniLM-L6-v2"), locate("sentence-transformers/all-MiniLM-L6-v2")

    assert short == long
    assert short.name == "all-MiniLM-L6-v2"


def test_a_directorys_name_carries_its_digest(directory):
    found = locate(str(directory))

    assert found.name == f"my-model-v2-{found.digest[:8]}"
    assert found.path == directory


@pytest.mark.parametrize("changed", ["model.safetensors", "1_Pooling/config.json"])
def test_a_changed_file_makes_another_model(directory, changed):
    before = locate(str(directory))
    (directory / changed).write_bytes(b"other")

    assert locate(str(directory)).name != before.name


def test_a_changed_readme_does_not(directory):
    before = locate(str(directory))
    (directory / "README.md").write_text("more about")

    assert locate(str(directory)) == before


def test_a_model_that_is_nowhere_is_refused():
    with pytest.raises(ConfigError, match="EMBEDDING_MODEL"):
        locate("no/such/model")


def test_a_directory_without_weights_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="safetensors"):
        locate(str(tmp_path))


def test_every_missing_pinned_file_is_named(tmp_path):
    with pytest.raises(ConfigError) as refusal:
        pinned(tmp_path)

    assert len(refusal.value.reasons) == len(PINNED)
