"""Both catalogs have every text, with the same placeholders, and pages use no other."""

import re
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest
from fastapi import Request

import megaplan_console
from megaplan_console.language import COOKIE, LANGUAGES, Texts, catalog, language_of
from megaplan_sync.kernel.certificate import Verdict
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.telephony.people.mismatches import MismatchKind
from megaplan_sync.telephony.push.delivery import STAGES
from megaplan_sync.uis_upload import directory_ledger

FOLDER = Path(megaplan_console.__file__).parent
SOURCES = [*FOLDER.glob("*.py"), *FOLDER.glob("templates/*.html")]
USED = re.compile(r'\b(?:t|texts)\("([\w.]+)"[,)]')
STARTS = re.compile(r'\b(?:t|t\.known|texts|texts\.known)\(f?"([\w.]+\.)(?:"|\{)')


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_have_the_same_texts() -> None:
    english, russian = catalog("en"), catalog("ru")
    assert english.keys() == russian.keys()
    for key in english:
        assert placeholders(english[key]) == placeholders(russian[key]), key
    same = {key for key in english if english[key] == russian[key]}
    assert same == {"overview.dag", "side.uis"}, "not translated"


def test_pages_use_texts_that_exist_and_no_text_is_left_over() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in SOURCES)
    used, starts = set(USED.findall(source)), set(STARTS.findall(source))
    known = catalog("en").keys()
    assert len(used) > 60
    assert used <= known
    assert {start for start in starts if not any(key.startswith(start) for key in known)} == set()
    made = (*starts, "refusal.")
    assert {key for key in known if not key.startswith(made) and f'"{key}"' not in source} == set()


def test_every_kind_of_mismatch_says_what_to_do() -> None:
    for kind in MismatchKind:
        assert {f"mismatch.{kind}", f"mismatch.{kind}.remedy"} <= catalog("en").keys()


def test_every_state_and_kind_in_the_tables_has_a_text() -> None:
    schema = read_sql("create_telephony_tables")

    def states(table: str) -> list[str]:
        (listed,) = re.findall(
            rf"TABLE IF NOT EXISTS telephony.{table} \(.*?\bstate .*?IN \((.*?)\)", schema, re.S
        )
        return re.findall(r"'(\w+)'", listed)

    deliveries = [f"step.{stage}_{state}" for stage in STAGES for state in states("call_deliveries")]
    assert {
        *deliveries,
        *(f"step.card_{state}" for state in states("cards")),
        *(f"command.{state}" for state in states("commands")),
        *(f"part.{stage}" for stage in STAGES),
        *(f"part.{kind}" for kind in ("deal", *get_args(directory_ledger.Kind))),
        *(f"verdict.{verdict}" for verdict in get_args(Verdict)),
    } <= catalog("ru").keys()


@pytest.mark.parametrize(
    ("cookie", "header", "language"),
    [
        ("ru", "en", "ru"),
        ("", "ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("", "de, en-GB;q=0.7, ru;q=0.3", "en"),
        ("xx", "", "en"),
    ],
)
def test_the_language_is_airflows_else_the_browsers(cookie: str, header: str, language: str) -> None:
    headers = [(b"accept-language", header.encode()), (b"cookie", f"{COOKIE}={cookie}".encode())]
    assert language_of(Request({"type": "http", "headers": headers})) == language
    assert language in LANGUAGES


def test_a_name_that_only_the_database_knows_is_shown_as_it_is() -> None:
    assert Texts("ru").known("verdict.proven", "proven") == "доказано"
    assert Texts("ru").known("verdict.new", "new") == "new"
