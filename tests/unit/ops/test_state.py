"""A running stack's state: believed only while somebody holds the directory."""

import pytest

from ops.embedded.stack_home import held, open_home
from ops.embedded.state import (
    Addresses,
    ProcessState,
    StackState,
    forget_state,
    running,
    write_state,
)
from pipeline.errors import ConfigError

STATE = StackState(
    supervisor=42,
    ready=True,
    addresses=Addresses("http://h:1", "h:2", "http://h:3", "h:4/t", 4, {"api": "http://h:1/m"}),
    processes=(ProcessState("kafka", 43, up=True, restarts=0),),
)


def test_what_is_written_is_read_while_the_directory_is_held(tmp_path):
    home = open_home(tmp_path)

    with held(home):
        write_state(home, STATE)

        assert running(home) == STATE


def test_what_a_killed_supervisor_left_is_not_believed(tmp_path):
    home = open_home(tmp_path)
    write_state(home, STATE)

    assert running(home) is None


def test_a_stack_that_is_just_starting_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("ops.embedded.state._APPEARS_SECONDS", 0.0)
    home = open_home(tmp_path)

    with held(home):
        forget_state(home)

        with pytest.raises(ConfigError, match="just starting or stopping"):
            running(home)
