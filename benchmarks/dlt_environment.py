"""dlt's own environment, made at the first run, so that dlt and Airflow never have to agree on versions."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.contender import FOLDER

_ENVIRONMENT = FOLDER / ".venv-dlt"
_REQUIREMENTS = FOLDER / "requirements.txt"


def dlt_python() -> str:
    """Return the interpreter of an environment that has `requirements.txt`, making it if needed."""
    python = _ENVIRONMENT / "bin/python"
    stamp = _ENVIRONMENT / "requirements.sha256"
    wanted = hashlib.sha256(_REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return str(python)
    print(f"Making dlt's own environment, benchmarks/{_ENVIRONMENT.name}", file=sys.stderr)
    _install(python)
    stamp.write_text(wanted)
    return str(python)


def _install(python: Path) -> None:
    uv = shutil.which("uv")
    if uv:
        make = [uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(_ENVIRONMENT)]
        install = [uv, "pip", "install", "--quiet", "--python", str(python), "-r", str(_REQUIREMENTS)]
    else:
        make = [sys.executable, "-m", "venv", "--clear", str(_ENVIRONMENT)]
        install = [str(python), "-m", "pip", "install", "--quiet", "-r", str(_REQUIREMENTS)]
    for command in (make, install):
        subprocess.run(command, check=True)
