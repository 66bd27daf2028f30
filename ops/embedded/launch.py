"""Prepares this process and becomes another program: `launch.py OPTIONS -- PROGRAM ARG…`.

Standard library only, run by path with `python -I -S`. A fresh process does this, not a
`preexec_fn`: Python code between fork and exec may deadlock in a parent that has threads.
"""

import argparse
import ctypes
import os
import sys

# linux/prctl.h
_SET_PDEATHSIG, _GET_PDEATHSIG, _SET_KEEPCAPS = 1, 2, 8
_CAP_AMBIENT, _CAP_AMBIENT_RAISE = 47, 2
# linux/capability.h
_CAPABILITY_VERSION_3 = 0x20080522
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2


def main(argv: list[str]) -> None:
    """Apply the options in order, then exec."""
    options = _parse(argv)
    os.nice(options.nice)
    if options.user:
        uid, gid = (int(part) for part in options.user.split(":"))
        _become(uid, gid)
    if options.death_signal and sys.platform == "linux":
        _prctl(_SET_PDEATHSIG, options.death_signal)
    if options.parent and os.getppid() != options.parent:
        sys.exit("the parent is gone")  # it died before the signal was armed
    os.execv(options.program[0], options.program)  # noqa: S606  no shell wanted


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--nice", type=int, default=0, help="added to the niceness")
    parser.add_argument("--user", default="", help="UID:GID to run as")
    parser.add_argument("--death-signal", type=int, default=0, help="sent when the parent dies")
    parser.add_argument("--parent", type=int, default=0, help="exit unless this is the parent")
    parser.add_argument("program", nargs="+")
    return parser.parse_args(argv)


def _become(uid: int, gid: int) -> None:
    """Drop root for an unprivileged user that may still walk through and read root's folders.

    That one capability is what lets an engine live below a 0700 home without anybody's
    permissions being loosened. Where it is not to be had, the user goes on without it.
    """
    if sys.platform != "linux":
        _switch(uid, gid)
        return
    death_signal = ctypes.c_int()
    _prctl(_GET_PDEATHSIG, ctypes.addressof(death_signal))
    _prctl(_SET_KEEPCAPS, 1)
    _switch(uid, gid)
    # Docker grants root the override but not the narrower right.
    _ = _keep(_CAP_DAC_READ_SEARCH) or _keep(_CAP_DAC_OVERRIDE)
    _prctl(_SET_PDEATHSIG, death_signal.value)  # a change of user disarms it


def _switch(uid: int, gid: int) -> None:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _keep(capability: int) -> bool:
    """Hold just this capability, through exec too; False where it was not held before."""
    only = 1 << capability
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    # effective, permitted, inheritable; the second triple is for capabilities above 31
    sets = (ctypes.c_uint32 * 6)(only, only, only, 0, 0, 0)
    libc = ctypes.CDLL(None, use_errno=True)
    held = libc.capset(header, sets) == 0
    return held and bool(libc.prctl(_CAP_AMBIENT, _CAP_AMBIENT_RAISE, capability, 0, 0) == 0)


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    main(sys.argv[1:])
