"""Child processes and ports, as the supervisor and the tests use them."""

import os
import signal
import socket
import stat
import subprocess
import sys

import psutil
import pytest

from ops.embedded import launch
from ops.embedded.ports import HOST, free_ports, is_taken, require_free
from ops.embedded.processes import exited, spawn, terminate
from pipeline.errors import ConfigError
from tests.waiting import until

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""
PARENT = f"""
import sys, time
from pathlib import Path
from ops.embedded.processes import spawn
child = spawn({SLEEP!r}, {{}}, Path(sys.argv[1]))
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def log(tmp_path):
    return tmp_path / "logs" / "child.log"


async def printed(log):
    return await until(lambda: log.exists() and log.read_text())


def ended(pid):
    # Nobody may be there to collect an orphan.
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


async def test_a_child_dies_with_a_parent_that_is_killed(tmp_path, log):
    parent = spawn([sys.executable, "-c", PARENT, str(log)], os.environ, tmp_path / "parent.log")
    child = int(await printed(tmp_path / "parent.log"))
    await printed(log)

    parent.kill()
    parent.wait()

    await until(lambda: ended(child))


def test_a_child_whose_parent_died_before_it_could_notice_does_not_start():
    somebody = "1"
    done = subprocess.run(
        [sys.executable, "-I", "-S", launch.__file__, "--parent", somebody, "--", "/bin/true"],
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (1, b"the parent is gone\n")


async def test_a_stubborn_process_is_killed_with_all_its_children(log):
    process = spawn([sys.executable, "-c", STUBBORN], {}, log)
    grandchild = int(await printed(log))

    status = terminate(process, grace_s=0.2)

    assert status == -signal.SIGKILL
    await until(lambda: ended(grandchild))


async def test_a_process_that_obeys_is_not_killed(log):
    process = spawn(SLEEP, {}, log)
    await printed(log)

    assert terminate(process, grace_s=30) == -signal.SIGTERM
    assert terminate(process, grace_s=30) == -signal.SIGTERM  # harmless once more


async def test_the_exit_status_is_awaited(log):
    process = spawn([sys.executable, "-c", "raise SystemExit(7)"], {}, log)

    assert await exited(process) == 7


async def test_a_child_sees_only_the_environment_it_was_given(log):
    code = "import os; print(sorted(os.environ))"
    await exited(spawn([sys.executable, "-I", "-c", code], {"ONLY": "this"}, log))

    assert "ONLY" in log.read_text()
    assert "PATH" not in log.read_text()


async def test_a_child_has_its_own_group_and_niceness(log):
    process = spawn(SLEEP, {}, log, nice=5)
    await printed(log)

    assert os.getpgid(process.pid) == process.pid
    assert psutil.Process(process.pid).nice() == psutil.Process().nice() + 5
    terminate(process, grace_s=30)


async def test_output_is_appended_to_a_log_that_only_its_owner_reads(log):
    for _ in range(2):
        await exited(spawn([sys.executable, "-c", "print('line')"], {}, log))

    assert log.read_text() == "line\nline\n"
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_free_ports_differ_and_lie_below_those_of_outgoing_connections():
    ports = free_ports(20)

    assert len(set(ports)) == 20
    assert max(ports) < 32768
    assert not any(is_taken(port) for port in ports)


def test_a_taken_port_is_refused_in_one_line():
    with socket.create_server((HOST, 0)) as listener:
        taken = listener.getsockname()[1]
        with pytest.raises(ConfigError) as refusal:
            require_free({"Kafka": taken, "nothing": free_ports(1)[0]})

    assert len(refusal.value.reasons) == 1
    assert f"port {taken} for Kafka is taken" in refusal.value.reasons[0]
