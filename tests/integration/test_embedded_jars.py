"""The broker's jars: what the lock names, and nothing else."""

import hashlib
import re
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from ops.embedded.jars import LOCK, Jar, install, read_lock
from pipeline.errors import ConfigError

CONTENT = b"classes"
JAR = Jar("org.example:thing:1.2", hashlib.sha256(CONTENT).hexdigest())
NOWHERE = "http://127.0.0.1:9"


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def repository(tmp_path):
    """A Maven repository with one jar."""
    path = tmp_path / "repository/org/example/thing/1.2" / JAR.file_name
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT)
    handler = partial(Silent, directory=tmp_path / "repository")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_lock_names_one_broker_and_clients_of_the_same_version():
    jars = read_lock()
    versions = {
        jar.coordinates.rpartition(":")[2] for jar in jars if "org.apache.kafka:" in jar.coordinates
    }

    assert len(versions) == 1
    assert versions.pop().startswith("4.1.")
    assert all(re.fullmatch(r"[0-9a-f]{64}", jar.sha256) for jar in jars)


def test_a_jar_is_fetched_once_and_then_found_without_a_network(repository, tmp_path):
    first = install([JAR], tmp_path / "cache", repository)
    second = install([JAR], tmp_path / "cache", NOWHERE)

    assert first == second
    assert [path.name for path in second.iterdir()] == [JAR.file_name]
    assert (second / JAR.file_name).read_bytes() == CONTENT


def test_a_download_that_the_lock_does_not_name_is_refused_and_not_kept(repository, tmp_path):
    other = Jar(JAR.coordinates, hashlib.sha256(b"other classes").hexdigest())

    with pytest.raises(ConfigError, match=f"{JAR.coordinates} differs from {LOCK.name}"):
        install([other], tmp_path / "cache", repository)

    assert list((tmp_path / "cache" / "kafka").iterdir()) == []


def test_a_jar_changed_in_the_cache_is_refused(repository, tmp_path):
    folder = install([JAR], tmp_path / "cache", repository)
    (folder / JAR.file_name).write_bytes(CONTENT[:-1] + b"S")

    with pytest.raises(ConfigError, match=f"{JAR.coordinates} differs .*: delete {folder}"):
        install([JAR], tmp_path / "cache", repository)


def test_a_jar_that_nobody_has_is_named(repository, tmp_path):
    missing = Jar("org.example:missing:1.0", JAR.sha256)

    with pytest.raises(ConfigError, match=r"cannot download org\.example:missing:1\.0"):
        install([missing], tmp_path / "cache", repository)
