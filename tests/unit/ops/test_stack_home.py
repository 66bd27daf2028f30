"""The data directory: made once, recognised again, never somebody else's."""

import stat

import pytest

from ops.embedded.stack_home import Home, erase, held, is_held, open_home
from pipeline.errors import ConfigError


def test_a_new_directory_is_private_and_marked(tmp_path):
    home = open_home(tmp_path / "deep" / "data")

    assert stat.S_IMODE(home.root.stat().st_mode) == 0o700
    assert (home.root / "VERSION").read_text() == "1\n"


def test_our_own_directory_opens_again(tmp_path):
    open_home(tmp_path / "data")

    assert open_home(tmp_path / "data").root == tmp_path / "data"


def test_a_directory_that_is_open_to_others_is_closed(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)

    open_home(folder)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_another_layout_is_refused_in_one_line(tmp_path):
    home = open_home(tmp_path)
    (home.root / "VERSION").write_text("7\n")

    with pytest.raises(ConfigError) as refused:
        open_home(tmp_path)

    assert len(refused.value.reasons) == 1
    assert "layout 7" in refused.value.reasons[0]


def test_a_directory_with_files_of_others_is_refused(tmp_path):
    (tmp_path / "thesis.odt").touch()

    with pytest.raises(ConfigError, match="other files than ours"):
        open_home(tmp_path)


def test_a_full_disk_is_named_in_one_line(tmp_path):
    with pytest.raises(ConfigError) as refused:
        open_home(tmp_path, needed_bytes=2**60)

    assert len(refused.value.reasons) == 1
    assert "is full" in refused.value.reasons[0]


def test_one_holder_at_a_time(tmp_path):
    home = open_home(tmp_path)

    with held(home) as first, held(home) as second:
        assert first
        assert not second
        assert is_held(home)

    assert not is_held(home)


def test_erasing_leaves_what_is_not_ours(tmp_path):
    home = open_home(tmp_path)
    home.folder("kafka").mkdir()
    (home.folder("kafka") / "log").touch()
    (tmp_path / "thesis.odt").touch()

    erase(home)

    assert [path.name for path in tmp_path.iterdir()] == ["thesis.odt"]


def test_erasing_removes_an_emptied_directory(tmp_path):
    home = open_home(tmp_path / "data")

    erase(home)

    assert not home.root.exists()


def test_erasing_needs_the_mark(tmp_path):
    (tmp_path / "kafka").mkdir()

    with pytest.raises(ConfigError, match="nothing deleted"):
        erase(Home(tmp_path))

    assert (tmp_path / "kafka").exists()
