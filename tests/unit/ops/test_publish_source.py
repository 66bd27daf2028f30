"""Files of events before they are published: examined once, recalled by their content."""

import hashlib

import pytest

from ops.publish import Source, examine
from ops.publish_file import open_job


@pytest.mark.parametrize(
    ("content", "lines"), [(b"", 0), (b"a", 1), (b"a\n", 1), (b"a\nb", 2), (b"a\n\nb\n", 3)]
)
def test_lines_are_counted_with_and_without_a_last_newline(tmp_path, content, lines):
    path = tmp_path / "events.jsonl"
    path.write_bytes(content)

    assert examine(path) == Source(hashlib.sha256(content).hexdigest(), lines)


def test_a_renamed_file_is_recognised_and_a_changed_one_is_not(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_text("a\nb\n")
    job = open_job(path, tmp_path)
    job.memory.parent.mkdir(parents=True)
    job.memory.write_text('{"lines": 2}')

    renamed = path.rename(tmp_path / "other.jsonl")
    assert open_job(renamed, tmp_path).done
    renamed.write_text("a\nb\nc\n")
    assert open_job(renamed, tmp_path).settled == 0
