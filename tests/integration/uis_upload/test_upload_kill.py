"""kill -9 at any moment, then another run: nothing twice, nothing missing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ..airflow_runs import REPOSITORY
from .test_upload_faults import assert_each_once
from .upload_world import UploadWorld

pytest_plugins = ["tests.emulators.uis_fixtures"]

MOMENTS = (
    "after create.sales_funnel",
    "after create.deal_user_field",
    "before create.deal_contacts",
    "after create.deal_contacts",
    "statement intend_upload",
    "before upload.deals_history",
    "after upload.deals_history",
)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_upload_is_followed_by_another_one(world: UploadWorld, moment: str, tmp_path: Path) -> None:
    world.connections()
    log = tmp_path / "upload.log"
    with log.open("wb") as output:
        process = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("upload_in_a_process.py")), world.uri, moment],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(REPOSITORY / "plugins"), str(REPOSITORY)])},
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=120,
            check=False,
        )
    assert process.returncode == -signal.SIGKILL, f"this moment never came:\n{log.read_text()[-3000:]}"
    world.pass_time(10)
    world.upload()
    assert_each_once(world)
    assert world.parked() == {}
    assert world.certificates[-1].verdict == "proven"
