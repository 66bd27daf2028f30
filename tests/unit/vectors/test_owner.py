"""One owner a directory, and what a start knows about the stop before it."""

import os

import orjson
import pytest

from ops.embedded.vectors.files import read_json, write_json
from ops.embedded.vectors.owner import record_clean_stop, sole_owner
from pipeline.errors import ConfigError


def boot_after(root, *, clean_stop, seq=0):
    """Own and leave the directory once; return what that start knew."""
    with sole_owner(root) as boot:
        boot.seq += seq
        if clean_stop:
            record_clean_stop(root, boot)
        return boot


def test_the_first_start_is_clean_and_counts_from_zero(tmp_path):
    boot = boot_after(tmp_path / "new" / "deep", clean_stop=True)

    assert (boot.clean, boot.seq) == (True, 0)


def test_a_clean_stop_is_continued(tmp_path):
    first = boot_after(tmp_path, clean_stop=True, seq=7)
    second = boot_after(tmp_path, clean_stop=True)

    assert second == first
    assert second.seq == 7


def test_any_other_stop_makes_a_new_boot_in_the_same_store(tmp_path):
    first = boot_after(tmp_path, clean_stop=False, seq=7)
    second = boot_after(tmp_path, clean_stop=False)

    assert (second.clean, second.seq) == (False, 0)
    assert second.boot_id != first.boot_id
    assert second.store_id == first.store_id


def test_a_clean_stop_does_not_undo_the_unclean_one_before(tmp_path):
    first = boot_after(tmp_path, clean_stop=False)
    second = boot_after(tmp_path, clean_stop=True)
    third = boot_after(tmp_path, clean_stop=True)

    assert first.boot_id != second.boot_id == third.boot_id


def test_two_owners_at_once_are_refused_and_the_first_is_named(tmp_path):
    with sole_owner(tmp_path), pytest.raises(ConfigError, match=str(os.getpid())):
        boot_after(tmp_path, clean_stop=True)


def test_the_next_owner_is_welcome(tmp_path):
    boot_after(tmp_path, clean_stop=True)

    assert boot_after(tmp_path, clean_stop=True).clean


def test_another_format_is_refused(tmp_path):
    write_json(tmp_path / "boot.json", {"format": 2})

    with pytest.raises(ConfigError, match="another version"):
        boot_after(tmp_path, clean_stop=True)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}"])
def test_a_damaged_record_is_refused(tmp_path, content):
    (tmp_path / "boot.json").write_bytes(content)

    with pytest.raises(ConfigError, match="cannot be read"):
        boot_after(tmp_path, clean_stop=True)


def test_a_small_file_is_replaced_whole(tmp_path):
    path = tmp_path / "small.json"
    write_json(path, {"a": 1})
    write_json(path, {"b": 2})

    assert read_json(path) == {"b": 2}
    assert [each.name for each in tmp_path.iterdir()] == ["small.json"]


def test_a_write_that_fails_keeps_the_old_file(tmp_path):
    path = tmp_path / "small.json"
    write_json(path, {"a": 1})
    with pytest.raises(orjson.JSONEncodeError):
        write_json(path, {"b": object()})

    assert read_json(path) == {"a": 1}
