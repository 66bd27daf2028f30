"""What needs no store: who may be served, whom a request means, which id it carries."""

import pytest

from api import requestid
from api.auth import Principal, named_user
from api.context import channel_limits
from api.main import create_app
from api.parts import Limits
from api.problems import ProblemError
from pipeline.errors import ConfigError
from pipeline.settings import Settings

LIMITS = Limits(context_messages=20, general_messages=10, page=100, after_seconds=5, partitions=6)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "tidemark.example"])
def test_without_keys_for_callers_only_loopback_is_served(tmp_path, host):
    settings = Settings(_env_file=None, tidemark_env="production", api_host=host)

    with pytest.raises(ConfigError) as caught:
        create_app(settings)

    assert "loopback" in str(caught.value)


def test_a_token_names_its_user_as_me():
    assert named_user(Principal("user", "ana"), "me") == "ana"
    assert named_user(Principal("user", "ana"), "ana") == "ana"
    assert named_user(Principal("service"), "ana") == "ana"


@pytest.mark.parametrize(
    ("caller", "user_id", "status"),
    [(Principal("user", "ana"), "marcus", 404), (Principal("service"), "me", 400)],
)
def test_nobody_reads_for_another_or_for_nobody(caller, user_id, status):
    with pytest.raises(ProblemError) as caught:
        named_user(caller, user_id)

    assert caught.value.kind.status == status


def test_a_room_gets_as_many_messages_as_the_chat():
    assert channel_limits(LIMITS, None) == {"ai": 20, "general": 10}
    assert channel_limits(LIMITS, "kitchen") == {"ai": 20, "general": 10, "kitchen": 20}
    assert channel_limits(LIMITS, "general") == {"ai": 20, "general": 20}


@pytest.mark.parametrize("given", [None, "", "short", "a b c d e f", "x" * 65, "ünsäglich-id"])
def test_an_odd_request_id_is_replaced(given):
    assert requestid.begin(given) not in {given, "-"}


def test_a_plain_request_id_is_kept():
    assert requestid.begin("req-0001.A_b") == requestid.current() == "req-0001.A_b"
