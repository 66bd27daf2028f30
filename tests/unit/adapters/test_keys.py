"""Weak, missing and exposed root secrets are refused, and no refusal shows a key."""

import base64
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.adapters.keys import (
    Secrets,
    check_secrets,
    create_key_file,
    secrets_from_file,
    secrets_from_text,
)
from pipeline.domain.crypto import Kek
from pipeline.errors import ConfigError

STRONG = bytes(range(100, 164, 2))
OTHER = bytes(range(101, 165, 2))
PID_KEY = bytes(range(200, 232))
SAMPLES = [bytes(range(32)), bytes(range(32, 64))]


def text(key: bytes) -> str:
    return base64.b64encode(key).decode()


def write(path: Path, content: str, mode: int = 0o600) -> Path:
    path.write_text(content)
    path.chmod(mode)
    return path


def refused(keks: str, pid_key: str = text(PID_KEY)) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as error:
        secrets_from_text(keks, pid_key)
    return error.value.reasons


def test_the_first_kek_is_the_active_one() -> None:
    found = secrets_from_text(f"2:{text(STRONG)}, 1:{text(OTHER)}\n", f" {text(PID_KEY)}\n")

    assert found == Secrets((Kek(2, STRONG), Kek(1, OTHER)), PID_KEY)


def test_good_secrets_have_nothing_against_them() -> None:
    assert check_secrets(Secrets((Kek(2, STRONG), Kek(1, OTHER)), PID_KEY)) == []


@pytest.mark.parametrize("keks", ["", " ", ",", "\n"])
def test_no_kek_is_refused(keks: str) -> None:
    assert refused(keks) == ("no KEK is given (TIDEMARK_KEKS or a key file)",)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("", "is missing or not 32 bytes in base64"),
        ("not base64", "is missing or not 32 bytes in base64"),
        ("é", "is missing or not 32 bytes in base64"),
        (text(STRONG)[:-1], "is missing or not 32 bytes in base64"),
        (text(STRONG[:31]), "is missing or not 32 bytes in base64"),
        (text(STRONG + b"x"), "is missing or not 32 bytes in base64"),
        (text(bytes(32)), "all bytes are equal"),
        (text(b"k" * 32), "all bytes are equal"),
        *((text(sample), "is a published sample") for sample in SAMPLES),
    ],
)
def test_a_weak_key_is_refused_wherever_it_stands(key: str, reason: str) -> None:
    assert refused(f"1:{key}") == (f"KEK 1: {reason}",)
    assert refused(f"2:{text(STRONG)},1:{key}") == (f"KEK 2: {reason}",)
    assert refused(f"1:{text(STRONG)}", key) == (f"pseudonym key: {reason}",)


@pytest.mark.parametrize("number", ["", "x", "-1", "0", "4294967296", "1" * 5000, "\u0661", "1.0"])
def test_an_id_that_is_no_u32_is_refused(number: str) -> None:
    reasons = refused(f"{number}:{text(STRONG)}")

    assert reasons == ("KEK 1: the id is not a number from 1 to 4294967295",)


def test_an_entry_without_an_id_is_refused_without_an_echo() -> None:
    reasons = refused(text(STRONG))

    assert len(reasons) == 2
    assert text(STRONG)[:8] not in " ".join(reasons)


def test_the_pseudonym_key_may_not_be_a_kek() -> None:
    keks = f"2:{text(STRONG)},1:{text(PID_KEY)}"

    assert refused(keks) == ("KEK 2: is the pseudonym key as well",)


def test_two_keks_may_not_share_an_id() -> None:
    assert refused(f"1:{text(STRONG)},1:{text(OTHER)}") == ("two KEKs have the same id",)


def test_every_reason_is_given_at_once() -> None:
    sample = text(SAMPLES[0])

    assert refused(f"1:{sample},1:x", sample) == (
        "KEK 1: is a published sample",
        "KEK 1: is the pseudonym key as well",
        "KEK 2: is missing or not 32 bytes in base64",
        "two KEKs have the same id",
        "pseudonym key: is a published sample",
    )


def test_secrets_do_not_show() -> None:
    assert repr(Secrets((Kek(1, STRONG),), PID_KEY)) == "Secrets(keks=(Kek(id=1),))"


def test_a_new_key_file_is_private_and_holds_strong_keys(tmp_path: Path) -> None:
    path = tmp_path / "data" / "keys" / "keys.json"

    assert create_key_file(path)
    found = secrets_from_file(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [kek.id for kek in found.keks] == [1]
    assert check_secrets(found) == []
    assert [file.name for file in path.parent.iterdir()] == ["keys.json"]


def test_two_key_files_hold_different_keys(tmp_path: Path) -> None:
    for name in ("a", "b"):
        create_key_file(tmp_path / name)

    a, b = (secrets_from_file(tmp_path / name) for name in ("a", "b"))

    assert len({a.pid_key, b.pid_key, a.keks[0].key, b.keks[0].key}) == 4


def test_an_existing_key_file_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    create_key_file(path)
    before = path.read_bytes()

    assert not create_key_file(path)
    assert path.read_bytes() == before


def test_of_many_that_start_at_once_one_makes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(create_key_file, [path] * 32))

    assert made.count(True) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["keys.json"]
    assert check_secrets(secrets_from_file(path)) == []


def test_a_file_that_appears_meanwhile_stands(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.symlink_to(tmp_path / "elsewhere")  # is not there to `exists`, yet in the way

    assert not create_key_file(path)
    assert [file.name for file in tmp_path.iterdir()] == ["keys.json"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o620, 0o601, 0o777])
def test_a_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys.json"
    create_key_file(path)
    path.chmod(mode)

    with pytest.raises(ConfigError, match="open to others"):
        secrets_from_file(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("[]", "is of an unknown version"),
        ("{}", "is of an unknown version"),
        ('{"v": 2}', "is of an unknown version"),
    ],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, content: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        secrets_from_file(write(tmp_path / "keys.json", content))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        secrets_from_file(tmp_path / "keys.json")
    with pytest.raises(ConfigError, match="Is a directory"):
        secrets_from_file(tmp_path)


def test_weak_keys_in_a_file_are_refused_with_its_name(tmp_path: Path) -> None:
    content = json.dumps({"v": 1, "keks": f"1:{text(SAMPLES[0])}", "pid_key": 7})
    path = write(tmp_path / "keys.json", content)

    with pytest.raises(ConfigError) as error:
        secrets_from_file(path)

    assert error.value.reasons == (
        f"key file {path}: KEK 1: is a published sample",
        f"key file {path}: pseudonym key: is missing or not 32 bytes in base64",
    )
