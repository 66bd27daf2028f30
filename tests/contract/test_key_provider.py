"""What every key provider does, whether its keys came from the environment or from a file."""

import base64
import json
import os
from pathlib import Path

import pytest

from pipeline.adapters.keys import (
    LocalKeys,
    create_key_file,
    secrets_from_file,
    secrets_from_text,
)
from pipeline.domain.crypto import (
    WRAPPED_BYTES,
    Purpose,
    TamperedRecord,
    UnknownKek,
    UnsupportedBox,
    kek_id_of,
)
from pipeline.ports import KeyProvider

PID = bytes.fromhex("00112233445566778899aabbccddeeff")
DEK = os.urandom(32)


def fresh() -> str:
    return base64.b64encode(os.urandom(32)).decode()


class Root:
    """Root secrets in one of the two places, to which a newer KEK can be added."""

    def __init__(self, file: Path | None) -> None:
        self.file = file
        self.keks, self.pid_key = f"1:{fresh()}", fresh()
        if file is not None:
            create_key_file(file)
            fields = json.loads(file.read_text())
            self.keks, self.pid_key = fields["keks"], fields["pid_key"]

    def roll(self) -> None:
        self.keks = f"2:{fresh()},{self.keks}"
        if self.file is not None:
            fields = {"v": 1, "keks": self.keks, "pid_key": self.pid_key}
            self.file.write_text(json.dumps(fields))

    def forget_the_old(self) -> None:
        self.keks = self.keks.split(",")[0]
        if self.file is not None:
            fields = {"v": 1, "keks": self.keks, "pid_key": self.pid_key}
            self.file.write_text(json.dumps(fields))

    def provider(self) -> KeyProvider:
        found = (
            secrets_from_file(self.file)
            if self.file is not None
            else secrets_from_text(self.keks, self.pid_key)
        )
        return LocalKeys(found.keks)


@pytest.fixture(params=["environment", "file"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Root:
    return Root(tmp_path / "keys.json" if request.param == "file" else None)


@pytest.mark.parametrize("purpose", Purpose)
def test_unwrapping_returns_what_was_wrapped(root: Root, purpose: Purpose) -> None:
    wrapped = root.provider().wrap(PID, 1, purpose, 1, DEK)

    assert root.provider().unwrap(PID, 1, purpose, 1, wrapped) == DEK
    assert len(wrapped) == WRAPPED_BYTES
    assert DEK not in wrapped


def test_wrapping_twice_gives_two_wraps(root: Root) -> None:
    provider = root.provider()

    assert provider.wrap(PID, 1, Purpose.DEK, 1, DEK) != provider.wrap(PID, 1, Purpose.DEK, 1, DEK)


@pytest.mark.parametrize(
    ("pid", "epoch", "purpose", "kver"),
    [
        (bytes(16), 1, Purpose.DEK, 1),
        (PID, 2, Purpose.DEK, 1),
        (PID, 1, Purpose.IDX, 1),
        (PID, 1, Purpose.DEK, 2),
    ],
)
def test_a_key_does_not_open_in_another_place(
    root: Root, pid: bytes, epoch: int, purpose: Purpose, kver: int
) -> None:
    provider = root.provider()
    wrapped = provider.wrap(PID, 1, Purpose.DEK, 1, DEK)

    with pytest.raises(TamperedRecord):
        provider.unwrap(pid, epoch, purpose, kver, wrapped)


def test_a_damaged_key_is_refused(root: Root) -> None:
    provider = root.provider()
    wrapped = provider.wrap(PID, 1, Purpose.DEK, 1, DEK)

    with pytest.raises(TamperedRecord):
        provider.unwrap(PID, 1, Purpose.DEK, 1, wrapped[:-1] + bytes([wrapped[-1] ^ 1]))
    with pytest.raises(UnsupportedBox):
        provider.unwrap(PID, 1, Purpose.DEK, 1, wrapped[:-1])


def test_a_newer_kek_wraps_and_older_ones_still_unwrap(root: Root) -> None:
    old = root.provider().wrap(PID, 1, Purpose.DEK, 1, DEK)
    root.roll()
    provider = root.provider()
    new = provider.wrap(PID, 1, Purpose.DEK, 1, DEK)

    assert (kek_id_of(old), kek_id_of(new), provider.active_kek_id) == (1, 2, 2)
    assert provider.unwrap(PID, 1, Purpose.DEK, 1, old) == DEK
    assert provider.unwrap(PID, 1, Purpose.DEK, 1, new) == DEK


def test_a_destroyed_kek_opens_nothing_any_more(root: Root) -> None:
    old = root.provider().wrap(PID, 1, Purpose.DEK, 1, DEK)
    root.roll()
    root.forget_the_old()

    with pytest.raises(UnknownKek):
        root.provider().unwrap(PID, 1, Purpose.DEK, 1, old)


def test_a_provider_does_not_show_its_keys(root: Root) -> None:
    shown = repr(root.provider())

    assert shown == "LocalKeys(keks=(Kek(id=1),))"
