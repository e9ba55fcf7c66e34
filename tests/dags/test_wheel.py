"""The wheel alone has all that the DAGs need: it is built, unpacked without a checkout, and its DAGs are loaded."""

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
_LOAD = """
import json, sys
from pathlib import Path

import megaplan_gateway.service
import megaplan_sync
from airflow.dag_processing.dagbag import DagBag

bag = DagBag(str(Path(megaplan_sync.__path__[0]) / "dag_files"))
files = {name: getattr(module, "__file__", None) for name, module in sys.modules.items()}
ours = {name: file for name, file in files.items() if name.startswith(("megaplan_", "uis_hook")) and file}
print(json.dumps([sorted(bag.dags), bag.import_errors, ours]))
"""


def test_every_dag_of_the_wheel_loads_without_a_checkout(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, check=True, cwd=CHECKOUT, stdout=subprocess.DEVNULL)
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    script = tmp_path / "load.py"
    script.write_text(_LOAD)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW__")},
        # without processing the .pth file of the checkout in it
        "PYTHONPATH": os.pathsep.join([str(installed), sysconfig.get_path("purelib")]),
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    done = subprocess.run(
        [sys.executable, "-S", str(script)],
        check=True,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    dag_ids, errors, modules = json.loads(done.stdout.splitlines()[-1])
    assert errors == {}
    assert dag_ids == sorted(path.stem for path in (CHECKOUT / "dags").glob("*.py"))
    assert modules
    assert [name for name, file in modules.items() if not file.startswith(str(tmp_path))] == []
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.endswith(".sql")}
    ours = {
        f"megaplan_sync/sql_files/{path.relative_to(CHECKOUT / 'include/sql')}"
        for path in CHECKOUT.glob("include/sql/**/*.sql")
    }
    assert packed == ours
