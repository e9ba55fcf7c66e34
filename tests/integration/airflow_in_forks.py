"""Runs ``airflow`` commands, each in a fork of this process, which has imported Airflow.

Each line of the input is a command: arguments, environment and the file for the output. The answer is a line with the
exit code. :class:`tests.integration.warm_airflow.WarmAirflow` starts this process.
"""

import importlib
import json
import logging
import os
import sys
from typing import Any

_IMPORTED = (
    "airflow.__main__",
    "airflow.api_fastapi.execution_api.app",
    "airflow.api_fastapi.execution_api.routes",
    "airflow.cli.commands.dag_command",
    "airflow.dag_processing.dagbag",
    "airflow.providers.http.hooks.http",
    "airflow.providers.postgres.hooks.postgres",
    "airflow.providers_manager",
    "airflow.sdk.definitions.dag",
    "airflow.sdk.execution_time.supervisor",
    "airflow.sdk.execution_time.task_runner",
    "airflow.serialization.serialized_objects",
)
"""Modules of Airflow, not of the project, that ``airflow dags test`` imports."""


def serve() -> None:
    """Run commands until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # imports may print
    for name in _IMPORTED:
        importlib.import_module(name)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            os._exit(_run(**json.loads(line)))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), file=answers, flush=True)


def _run(arguments: list[str], environment: dict[str, str], output: str) -> int:
    from airflow.__main__ import main

    written = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for number, opened in ((0, os.open(os.devnull, os.O_RDONLY)), (1, written), (2, written)):
        os.dup2(opened, number)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["airflow", *arguments]
    code: Any = 0
    try:
        main()
    except SystemExit as end:
        code = end.code
    except BaseException:
        logging.getLogger(__name__).exception("The command failed")
        code = 1
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    return code if isinstance(code, int) else int(code is not None)


if __name__ == "__main__":
    serve()
