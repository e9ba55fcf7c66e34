"""What all tests share: an Airflow home of their own, and no way to a real service."""

import os
import tempfile
from collections.abc import Iterator

import pytest

# before anything imports Airflow
os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="airflow-home-")
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__CORE__UNIT_TEST_MODE"] = "True"
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"


@pytest.fixture(autouse=True)
def forgotten_secrets() -> Iterator[None]:
    """Let Airflow forget which secrets to mask, as the end of a task's process does.

    It compiles one pattern of all secrets anew with each of them: thousands of tests' tokens take it ever longer.
    """
    from airflow.sdk._shared.secrets_masker import reset_secrets_masker

    yield
    reset_secrets_masker()
