"""COPY's text format."""

import pytest

from megaplan_sync.copy_format import copy_text


@pytest.mark.parametrize(
    ("value", "field"),
    [
        pytest.param(None, rb"\N", id="null"),
        pytest.param("a\tb\nc\\d\re", rb"a\tb\nc\\d\re", id="control characters and backslash"),
        pytest.param("\\N", rb"\\N", id="text that looks like null"),
        pytest.param("Тест", "Тест".encode(), id="Cyrillic"),
        pytest.param(b'{"a":"\\n"}', rb'{"a":"\\n"}', id="JSON with an escape"),
        pytest.param(True, b"t", id="true"),
        pytest.param(240711.73748999997, b"240711.73748999997", id="float noise"),
        pytest.param([1, 2], b"{1,2}", id="array"),
        pytest.param([], b"{}", id="empty array"),
        pytest.param("\ud800", b"?", id="half of a surrogate pair"),
    ],
)
def test_field(value: object, field: bytes) -> None:
    assert copy_text([(value, 1)]) == field + b"\t1\n"
