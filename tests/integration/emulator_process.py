"""Runs an emulator as a process of its own, for the tests that speak with one over HTTP."""

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
    """Run an emulator on a free port until the block ends; yields its address."""
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
