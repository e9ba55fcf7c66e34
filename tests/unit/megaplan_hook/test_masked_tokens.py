"""Tokens of hundreds of accounts in one process are never logged, whoever logs them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from megaplan_hook.exceptions import MegaplanError
from megaplan_hook.token_grant import Token
from megaplan_vendor_kit import known_secrets
from megaplan_vendor_kit.known_secrets import remember_secret, without_secrets
from tests.unit.megaplan_hook.fake_server import FakeMegaplan, Reply, Request
from tests.unit.megaplan_hook.test_auth import MakeHook

A_TASK = """
import io, logging, sys
from airflow.sdk.log import configure_logging
import structlog

lines = io.BytesIO()
is_json = sys.argv[1] == "json"
configure_logging(json_output=is_json, output=lines, sending_to_supervisor=True)
early, of_airflow = logging.getLogger("early"), structlog.get_logger("airflow.task")
early.info("before"), of_airflow.info("before")

from megaplan_hook.auth import MegaplanAuth
from megaplan_hook.token_grant import Token

for number in range(200):
    secret = f"tökén/{number:03d}-of-an-account-that-is-opaque+".encode().hex()
    token = Token(f"access-{secret}", f"refresh-{secret}")
    auth = MegaplanAuth(f"account_{number}", "robot@example.org", "pw", lambda grant, token=token: token)
    assert auth.access_token() == token.access_token
    for text in (token.access_token, token.refresh_token):
        early.warning("printed by a library: %s", {"Authorization": f"Bearer {text}"})
        of_airflow.warning("printed", value={"header": [f"Bearer {text}"]}, count=number)
        try:
            try:
                raise ValueError(f"Invalid header value: 'Bearer {text}'")
            except ValueError as error:
                raise RuntimeError("the request cannot be sent", text) from error
        except RuntimeError as error:
            early.exception("failed"), of_airflow.exception("failed"), early.error("failed", exc_info=error)
    open(sys.argv[2], 'a').write(secret + chr(10))
sys.stderr.buffer.write(lines.getvalue())
"""


@pytest.fixture(autouse=True)
def only_these() -> Iterator[None]:
    known_secrets._forms.clear()
    known_secrets._by_beginning.clear()
    yield
    known_secrets._forms.clear()
    known_secrets._by_beginning.clear()


@pytest.mark.parametrize("form", ["json", "console"])
def test_no_token_of_200_accounts_appears_in_the_logs_of_a_task(form: str, tmp_path: Path) -> None:
    """From the 26th account on they did, had anything logged them. With Airflow's logging of a task's process."""
    script = tmp_path / "task.py"
    script.write_text(A_TASK)
    done = subprocess.run(
        [sys.executable, script, form, tmp_path / "secrets"],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    secrets = (tmp_path / "secrets").read_text().split()
    assert len(secrets) == 200
    assert done.stderr.count("***") >= 200 * 2 * 5
    assert "printed by a library: {'Authorization': 'Bearer ***'}" in done.stderr
    assert "the request cannot be sent" in done.stderr
    assert [secret for secret in secrets if secret in done.stderr] == []
    assert not re.search("(access|refresh)-[0-9a-f]", done.stderr)
    if form == "json":
        assert all(isinstance(json.loads(line), dict) for line in done.stderr.splitlines())


def test_what_megaplan_repeats_of_a_token_reaches_no_error(
    make_hook: MakeHook, megaplan: FakeMegaplan
) -> None:
    """Errors are stored in Postgres and sent to people, too."""

    def debug_page(request: Request) -> Reply:
        sent = request.headers["Authorization"]
        errors = [{"message": f"Fatal error, headers: Authorization: {sent}", "field": sent}]
        return Reply({"meta": {"status": 422, "errors": errors}, "data": None}, 422)

    megaplan.answer = debug_page
    for _ in range(60):
        with pytest.raises(MegaplanError) as caught:
            make_hook().current_user()
        assert "Fatal error, headers: Authorization: Bearer ***" in str(caught.value)
        assert "secret-access" not in f"{caught.value!r} {caught.value} {vars(caught.value)}"


def test_each_form_of_a_token_is_found_wherever_it_stands() -> None:
    short, long = "abcdef+/0123456789", "abcdef+/0123456789-longer"
    text = f"a={short}&b={quote(long, safe='')};{long}{short} {short[:-1]} abcdef"
    assert without_secrets(text) == text
    Token(short, long)
    assert without_secrets(text) == f"a=***&b=***;****** {short[:-1]} abcdef"
    assert without_secrets("") == ""
    remember_secret("short")
    assert without_secrets("short words stay") == "short words stay"


def test_a_service_remembers_only_its_newest_tokens() -> None:
    for number in range(known_secrets._MOST + 10):
        remember_secret(f"{number:06d}-of-a-service")
    assert len(known_secrets._forms) == known_secrets._MOST
    assert without_secrets("000009-of-a-service 000010-of-a-service") == "000009-of-a-service ***"
