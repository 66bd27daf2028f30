"""How commands end: their own code, or 2 and a line a reason."""

import pytest

from consumers.command import run_command
from pipeline.errors import ConfigError, StoreUnavailable


async def ends(outcome):
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


@pytest.mark.parametrize(
    ("outcome", "code", "said"),
    [
        (0, 0, ""),
        (1, 1, ""),
        (ConfigError(["first", "second"]), 2, "first\nsecond\n"),
        (StoreUnavailable("Kafka: away"), 2, "Kafka: away\n"),
    ],
)
def test_a_command_ends_with_its_code_or_says_why_not(outcome, code, said, capsys):
    with pytest.raises(SystemExit) as left:
        run_command(ends(outcome))

    assert left.value.code == code
    assert capsys.readouterr().err == said


def test_what_nobody_foresaw_is_not_hidden():
    with pytest.raises(KeyError):
        run_command(ends(KeyError()))
