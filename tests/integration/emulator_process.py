"""Runs an emulator as a separate process, for tests that use it over HTTP."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


@contextmanager
def emulator_process(vendor: str, *arguments: str) -> Iterator[str]:
    """Run an emulator on a free port for the duration of the block; yields its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"emulators.{vendor}", "--port", "0", *arguments],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[-1]
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.wait(timeout=10)
        process.stdout.close()
