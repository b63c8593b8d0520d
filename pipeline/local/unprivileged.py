"""Run a command as `nobody`, for a program that refuses to be run by root. Run as a script by root.

    python -I unprivileged.py FOLDER COMMAND [ARGUMENT ...]

The command takes this process's place, so its process id is the one that the caller knows. Where `nobody` may
not enter FOLDER, or not read COMMAND (both under /root, say), the command keeps one capability of root's: to
pass and read whatever folder it is told to. Nothing on disk is opened up for it.

The standard library alone, and nothing of ours: it runs before anything else does.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import stat
import sys
from pathlib import Path

USER = "nobody"

# From linux/prctl.h and linux/capability.h.
_KEEP_CAPABILITIES = 8
_AMBIENT = 47
_AMBIENT_RAISE = 2
_CAPABILITY_VERSION = 0x20080522
# To read and search is enough; some containers give root only the wider one.
_READ_SEARCH = 2
_OVERRIDE = 1


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


def open_to_all(path: Path) -> bool:
    """Whether anybody may read `path` and enter every folder above it."""
    wanted = stat.S_IXOTH if path.is_dir() else stat.S_IROTH | stat.S_IXOTH
    return path.stat().st_mode & wanted == wanted and all(
        parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents
    )


def _become(user: pwd.struct_passwd) -> None:
    os.setgroups([])
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)


def _become_with_capability(user: pwd.struct_passwd) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_KEEP_CAPABILITIES, 1, 0, 0, 0) != 0:
        sys.exit(f"cannot keep a capability: {os.strerror(ctypes.get_errno())}")
    _become(user)
    for capability in (_READ_SEARCH, _OVERRIDE):
        bit = 1 << capability
        sets = (_Sets * 2)(_Sets(bit, bit, bit), _Sets(0, 0, 0))
        header = _Header(_CAPABILITY_VERSION, 0)
        if libc.capset(ctypes.byref(header), sets) == 0:
            if libc.prctl(_AMBIENT, _AMBIENT_RAISE, capability, 0, 0) == 0:
                return
            break
    sys.exit(f"user {USER} cannot be let into a folder of root's: {os.strerror(ctypes.get_errno())}")


def main(folder: Path, command: list[str]) -> None:
    """Become `nobody` and run `command`; ends with one line on stderr when that cannot be."""
    try:
        user = pwd.getpwnam(USER)
    except KeyError:
        sys.exit(f"this machine has no user {USER} to run {command[0]} as")
    try:
        if open_to_all(folder) and open_to_all(Path(command[0])):
            _become(user)
        elif sys.platform == "linux":
            _become_with_capability(user)
        else:
            sys.exit(f"user {USER} cannot enter {folder}, or cannot read {command[0]}")
        os.execv(command[0], command)  # noqa: S606 - the list is our caller's
    except OSError as error:
        sys.exit(f"{command[0]} cannot be run as {USER}: {error}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
