"""Bodies of every kind: their values, their events, and which of them are repetitions."""

import json
import string
import time
from datetime import UTC, datetime
from random import Random
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import pytest

from emulators.uis.notifications.events import EVENTS, TEMPLATES
from emulators.uis.notifications.templates import default_body, default_query, expand
from megaplan_sync.inbox.notification_bodies import read_body, without_secrets
from megaplan_sync.inbox.notifications import Notification, json_text, read_notification

MOSCOW = ZoneInfo("Europe/Moscow")
BODY = {
    "notification_mnemonic": "call_proceeding",
    "notification_time": "2026-01-15 10:00:03.417",
    "call_session_id": 700_100_200,
    "contact_phone_number": "79000000001",
    "employee_id": 501,
    "leg_id": 880_011,
}
TEXT = json.dumps(BODY)
MACROS: dict[str, Any] = {
    "notification_name": "Моё уведомление",
    "notification_time": "2026-01-15 10:00:03.417",
    "call_session_id": 700_100_200,
    "contact_phone_number": "79000000001",
    "contact_full_name": 'ООО "А & Б = В"',
    "virtual_phone_number": "74950000001",
    "communication_number": 3,
    "employee_id": 501,
    "employee_full_name": "Иванова Анна",
    "direction": "in",
    "leg_id": 880_011,
    "leg_ids": [1, 2],
    "employee_ids": [501, 502],
    "talk_time_duration": 60,
    "total_time_duration": 65,
    "wait_time_duration": 5,
    "file_link": "https://app.example.test/system/media/talk/700100200/aa/",
    "file_duration": 60,
    "sip_line_id": 7,
}
ALIKE = {
    "call_proceeding",
    "call_connected",
    "call_disconnected",
    "in_call",
    "out_call",
    "set_mark",
    "unset_mark",
}


def read(body: str | bytes, content_type: str | None = None, query: str | None = None) -> Notification:
    raw = body.encode() if isinstance(body, str) else body
    return read_notification(raw, content_type, query, zone=MOSCOW)


def multipart(text: str) -> bytes:
    return f'--b\r\nContent-Disposition: form-data; name="payload"\r\n\r\n{text}\r\n--b--\r\n'.encode()


FORM = "application/x-www-form-urlencoded"
SAME_IN_ANOTHER_FORM: dict[str, tuple[bytes, str | None, str | None]] = {
    "json": (TEXT.encode(), "application/json", None),
    "json with a byte order mark": (b"\xef\xbb\xbf" + TEXT.encode(), "application/json; charset=utf-8", None),
    "json sent as text": (TEXT.encode(), "text/plain", None),
    "json sent as a form": (TEXT.encode(), FORM, None),
    "json without a content type": (TEXT.encode(), None, None),
    "json as the only key of a form": ((quote(TEXT) + "=").encode(), FORM, None),
    "json as the value of a form": (urlencode({"payload": TEXT}).encode(), FORM, None),
    "json in a part of a form": (multipart(TEXT), "multipart/form-data; boundary=b", None),
    "json in a json string": (json.dumps(TEXT).encode(), "application/json", None),
    "json in a list": (f"[{TEXT}]".encode(), "application/json", None),
    "json in utf-16": (TEXT.encode("utf-16"), "application/json", None),
    "form fields with literals": (
        urlencode({name: json.dumps(value) for name, value in BODY.items()}).encode(),
        FORM,
        None,
    ),
    "form fields with bare values": (urlencode(BODY).encode(), FORM, None),
    "a query with literals": (
        b"",
        None,
        urlencode({name: json.dumps(value) for name, value in BODY.items()}),
    ),
    "a query that is not encoded": (
        b"",
        None,
        "&".join(f"{name}={json.dumps(value)}" for name, value in BODY.items()),
    ),
    "in groups": (
        json.dumps(
            {**{k: BODY[k] for k in list(BODY)[:2]}, "call_info": {k: BODY[k] for k in list(BODY)[2:]}}
        ).encode(),
        None,
        None,
    ),
    "numbers as texts": (json.dumps({k: str(v) for k, v in BODY.items()}).encode(), None, None),
}


@pytest.mark.parametrize("form", SAME_IN_ANOTHER_FORM)
def test_the_format_of_a_body_makes_no_difference(form: str) -> None:
    said = read(*SAME_IN_ANOTHER_FORM[form])
    assert said.broken is None
    assert (said.mnemonic, said.call_session_id) == ("call_proceeding", 700_100_200)
    assert said.occurred_at == datetime(2026, 1, 15, 7, 0, 3, 417_000, UTC)
    assert said.values is not None
    assert {name: str(value) for name, value in said.values.items()} == {k: str(v) for k, v in BODY.items()}
    assert said.dedupe_key == read(TEXT).dedupe_key


REPAIRED = {
    "a macro left standing": (
        '{"call_session_id": 1, "employee_id": {{employee_id}}, "x": [{{x}}]}',
        "unexpanded",
    ),
    "a quoted macro left standing": (
        '{"call_session_id": 1, "employee_id": "{{employee_id}}"}',
        "unexpanded",
    ),
    "literals quoted twice": ('{"call_session_id": 1, "direction": ""in""}', "quoted twice"),
    "both": ('{"call_session_id": 1, "direction": ""in"", "leg_id": {{leg_id}}}', "unexpanded"),
}


@pytest.mark.parametrize("what", REPAIRED)
def test_mistakes_of_templates_are_repaired_and_recorded(what: str) -> None:
    body, note = REPAIRED[what]
    said = read(body)
    assert said.broken is None
    assert said.call_session_id == 1
    assert note in (said.repaired or "")
    assert said.values is not None
    assert said.values.get("employee_id") is None
    assert said.values.get("direction", "in") == "in"


def test_a_body_that_is_not_utf_8_is_read_as_what_it_says_or_cyrillic() -> None:
    body = '{"call_session_id": 1, "contact_full_name": "Щукин"}'
    for charset, content_type in (
        ("cp1251", None),
        ("koi8-r", "text/plain; charset=koi8-r"),
        ("cp1251", "x; charset=?"),
    ):
        said = read(body.encode(charset), content_type)
        assert said.values is not None
        assert said.values["contact_full_name"] == "Щукин"
        assert "not UTF-8" in (said.repaired or "")


BROKEN = {
    "nothing": (b"", "empty"),
    "blanks": (b" \n", "empty"),
    "truncated": (TEXT[:-20].encode(), "JSON object"),
    "xml": (b"<a>1</a>", "JSON object"),
    "a number": (b"5", "a number"),
    "a list of two": (b'[{"call_session_id":1},{}]', "a list"),
    "bytes": (bytes(range(256)), "JSON object"),
    "deep": (b"[" * 100_000, "JSON object"),
    "rather deep": (b'{"a":' * 80 + b"1" + b"}" * 80, "too deeply"),
    "an endless number": (b'{"call_session_id": ' + b"9" * 5000 + b"}", "JSON object"),
    "no call": (b'{"direction": "in"}', "call_session_id is missing"),
    "an impossible call": (b'{"call_session_id": "x1"}', "instead of a number"),
    "a call too big": (b'{"call_session_id": 99999999999999999999}', "instead of a number"),
    "a call left unexpanded": (b'{"call_session_id": {{call_session_id}}}', "call_session_id is missing"),
    "a form of nothing": (b"--b--", "JSON object"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_body_that_cannot_be_parsed_has_a_reason_and_a_hash(what: str) -> None:
    body, reason = BROKEN[what]
    said = read(body, "multipart/form-data; boundary=b" if what == "a form of nothing" else None)
    assert said.call_session_id is None
    assert (reason if what != "a form of nothing" else "no field") in (said.broken or "")
    assert said.dedupe_key == read(body).dedupe_key
    assert len(said.dedupe_key) == 64


def test_no_body_raises_an_error() -> None:
    chance = Random(1)
    letters = string.printable + '{}[]":,&=%' * 5 + "Яя\0\ud800"
    for _ in range(1500):
        text = "".join(chance.choices(letters, k=chance.randint(0, 60)))
        mutated = "".join(chance.choice(letters) if chance.random() < 0.05 else letter for letter in TEXT)
        for raw in (text, mutated):
            body = raw.encode("utf-8", "surrogatepass")
            for content_type in (None, FORM, "multipart/form-data; boundary=b", "text/plain; charset=\udcff"):
                for said in (read(body, content_type), read(b"", content_type, raw)):
                    if said.values is not None:
                        json_text(said.values).encode()
                        assert "\0" not in json_text(said.values)


@pytest.mark.parametrize(
    "piece", ["a=1&", "a=1", "1a=", '{"a":', '""a""', "{{a}},", "%22secret%22:", '"secret":"']
)
def test_a_long_body_does_not_take_long(piece: str) -> None:
    body = ("a=" + piece * (500_000 // len(piece))).encode()
    began = time.process_time()
    for raw in (body, body[2:], b'{"a":[' + body[2:]):
        read(raw)
        without_secrets(raw)
    assert time.process_time() - began < 5


@pytest.mark.parametrize("charset", ["idna", "punycode", "undefined", "nonsense", "base64"])
def test_an_impossible_charset_raises_no_error(charset: str) -> None:
    read = read_body(b'{"call_session_id": 5, "who": "\x80"}', f"text/plain; charset={charset}")
    assert read.values is not None
    assert read.values["call_session_id"] == 5


@pytest.mark.parametrize("what", ["parts in parts", "header"])
def test_parts_that_cannot_be_parsed_have_a_reason(what: str) -> None:
    nested = b"".join(
        b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (depth, depth + 1)
        for depth in range(2000)
    )
    body = {
        "parts in parts": nested,
        "header": b"--b0\r\nContent-Disposition: form-data; name*=a''b; name*0*=c\r\n\r\n1\r\n--b0--",
    }[what]
    read = read_body(body, "multipart/form-data; boundary=b0")
    assert (read.values, read.broken) == (None, "its parts cannot be read")


def test_values_that_postgres_cannot_store_are_removed() -> None:
    said = read(r'{"call_session_id": 1, "a": "x\u0000\ud800", "b": NaN, "c": 1e999, "d\u0000": "null"}')
    assert said.values == {"call_session_id": 1, "a": "x�?", "b": None, "c": None, "d�": None}


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_the_event_of_a_default_template(event: str, method: str) -> None:
    """Including those of the vendor with a missing "&"."""
    template = default_body(event) if method == "POST" else default_query(event)
    text = expand(
        template, MACROS, {*MACROS, "contact_id", "tag_ids", "tag_names", "tag_id", "tag_name", "status"}
    )
    said = read(text) if method == "POST" else read(b"", None, quote(text, safe="=&"))
    by_name = (
        read(text, None, f"event={event}") if method == "POST" else read(b"", None, f"event={event}&{text}")
    )
    assert said.mnemonic == (None if event in ALIKE else event)
    assert by_name.mnemonic == event
    assert said.broken is None
    assert said.call_session_id == (None if event == "sip_line_unregister" else 700_100_200)
    assert said.values is not None
    if "employee_info" in TEMPLATES[event]:
        assert said.values["employee_id"] == 501


def test_the_event_of_the_template_takes_precedence_over_the_url() -> None:
    assert read(TEXT, None, "event=in_call").mnemonic == "call_proceeding"
    assert read(TEXT.replace("_mnemonic", "_x"), None, 'event="in_call"').mnemonic == "in_call"
    assert read(TEXT.replace("call_proceeding", "<b>"), None, "event=DROP TABLE").mnemonic is None


def test_the_timestamp_needs_no_zone() -> None:
    """2026-01-15 10:00:03 in Vladivostok, read by an account in the zone of Moscow."""
    stamped: dict[str, Any] = {**BODY, "notification_timestamp": 1_768_435_203}
    assert read(json.dumps(stamped)).occurred_at == datetime(2026, 1, 15, 0, 0, 3, 417_000, UTC)
    stamped["notification_timestamp"] += 7
    assert read(json.dumps(stamped)).occurred_at == datetime(2026, 1, 15, 0, 0, 10, tzinfo=UTC)
    stamped["notification_timestamp"] = 10**15
    assert read(json.dumps(stamped)).occurred_at == datetime(2026, 1, 15, 7, 0, 3, 417_000, UTC)
    assert read('{"call_session_id": 1, "notification_time": "tomorrow"}').occurred_at is None


def test_local_times_become_utc() -> None:
    said = read(json.dumps({**BODY, "start_time": "2026-01-15 10:00:00", "finish_time": "25:00"}))
    assert said.values is not None
    assert said.values["start_time"] == "2026-01-15T07:00:00+00:00"
    assert said.values["finish_time"] is None


def changed(**values: Any) -> str:
    return read(json.dumps({**BODY, **values})).dedupe_key


def test_an_event_is_the_same_only_by_event_call_leg_employee_and_time() -> None:
    key = read(TEXT).dedupe_key
    assert read(json.dumps(BODY, indent=3)).dedupe_key == key
    assert changed(contact_phone_number="79000000002") == key
    assert changed(employee_id="501") == key
    for other in (
        {"notification_mnemonic": "call_connected"},
        {"call_session_id": 5},
        {"leg_id": 5},
        {"employee_id": 502},
        {"notification_time": "2026-01-15 10:00:03.418"},
        {"tag_id": 1},
        {"file_link": "https://x.test/1"},
        {"is_internal": True},  # a second template with more fields
    ):
        assert changed(**other) != key
    assert len(changed(file_link="x" * 5000)) < 300


def test_without_a_mnemonic_the_name_of_the_notification_keeps_events_apart() -> None:
    bodies = [{**BODY, "notification_mnemonic": None, "notification_name": name} for name in ("A", "B", "A")]
    keys = [read(json.dumps(body)).dedupe_key for body in bodies]
    assert keys[0] == keys[2] != keys[1]


def test_chats_and_lines_are_not_calls() -> None:
    for body in ({"chat_id": 1, "communication_id": 5}, {"sip_line_id": 1, "sip_line_login": "x"}):
        said = read(json.dumps(body))
        assert (said.broken, said.call_session_id) == (None, None)
    for kind, session in (("chat", None), ("call", 700)):
        said = read(json.dumps({"communication_id": 700, "communication_type": kind}).encode())
        assert (said.call_session_id, said.broken) == (session, None)


@pytest.mark.parametrize(
    "raw",
    [
        '{"secret": "s3cret", "call_session_id": 1}',
        '{"secret":"s3\\"cret","call_session_id":1}',
        "call_session_id=1&secret=s3cret",
        'secret="s3cret"&call_session_id=1',
        quote('{"secret": "s3cret", "call_session_id": 1}'),
    ],
)
def test_a_secret_in_a_template_is_not_stored(raw: str) -> None:
    kept = without_secrets(raw.encode())
    assert b"cret" not in kept.replace(b"secret", b"")
    said = read_body(kept, None)
    assert said.values is not None
    assert said.values["call_session_id"] == 1
    assert "secret" not in (read(raw).values or {"secret": 1})
