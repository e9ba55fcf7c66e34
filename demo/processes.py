"""Starts programs in their own process groups, and stops them with all their children."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path


class ProgramEndedError(RuntimeError):
    """A program ended that should keep running."""

    def __init__(self, name: str, code: int, log: Path) -> None:
        last = log.read_text(errors="replace").splitlines()[-5:] if log.exists() else []
        super().__init__(f"{name} ended with code {code}; the end of {log}:\n" + "\n".join(last))


class Program:
    """A running program that writes to a log file."""

    def __init__(self, name: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process

    def ensure_running(self) -> None:
        """Raise ``ProgramEndedError`` if the program has ended."""
        code = self._process.poll()
        if code is not None:
            raise ProgramEndedError(self.name, code, self.log)

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self._process.pid

    def kill(self) -> None:
        """Kill it and all its children with signal 9."""
        _signal_group(self._process.pid, signal.SIGKILL)
        self._process.wait()


@contextmanager
def running(name: str, command: Sequence[str], log: Path, env: Mapping[str, str]) -> Iterator[Program]:
    """Run ``command`` until the block ends, then stop its whole process group."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=dict(env),
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )
    group_file = log.with_suffix(_GROUP_SUFFIX)
    group_file.write_text(str(process.pid))
    try:
        yield Program(name, process, log)
    finally:
        _stop_group(process)
        group_file.unlink(missing_ok=True)


def kill_leftovers(logs: Path) -> None:
    """Kill programs with logs in ``logs`` that a killed parent has left running."""
    for file in logs.glob(f"*{_GROUP_SUFFIX}"):
        group = file.read_text()
        # other programs may have the id now: kill only those of this environment
        if any(line.split()[0] == group and sys.prefix in line for line in _running_commands()):
            _signal_group(int(group), signal.SIGKILL)


def _running_commands() -> list[str]:
    """Return one line for each process, with group and command."""
    try:
        shown = subprocess.run(["ps", "-eo", "pgid=,command="], capture_output=True, text=True, check=False)
    except OSError:  # no ps on this machine
        return []
    return shown.stdout.splitlines()


def free_port(preferred: int) -> int:
    """Return ``preferred`` if nothing listens on it on 127.0.0.1, or else a free port."""
    for port in (preferred, 0):
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(listener.getsockname()[1])
    raise OSError("no free port at 127.0.0.1")


_GROUP_SUFFIX = ".group"
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1


def _end_with_parent() -> None:
    """Let the kernel send SIGINT when the parent is gone, even by kill -9.

    Not SIGTERM: ``airflow standalone`` would end at once and leave its components running.
    """
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def _stop_group(process: "subprocess.Popen[bytes]", timeout_seconds: float = 20) -> None:
    group = process.pid  # its own session, so its own group
    _signal_group(group, signal.SIGTERM)
    until = time.monotonic() + timeout_seconds
    while time.monotonic() < until:
        process.poll()
        if not _group_lives(group):
            return
        time.sleep(0.1)
    _signal_group(group, signal.SIGKILL)
    process.wait()


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
