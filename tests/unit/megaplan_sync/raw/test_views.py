"""Names of the columns of custom fields."""

import pytest

from megaplan_sync.raw.views import column_name, column_type, free_name


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("Category1000061CustomFieldVidSdelki", "cf_vid_sdelki"),
        ("Category1000061CustomFieldOtchetKlientu1", "cf_otchet_klientu1"),
        ("Category183CustomFieldКириллица", "cf_кириллица"),
        ("Category1CustomField" + "Ж" * 60, "cf_" + "ж" * 30),
    ],
)
def test_column_name_is_readable_and_fits(key: str, name: str) -> None:
    assert column_name(key) == name
    assert len(name.encode()) <= 63


def test_free_name_avoids_clashes_within_the_limit() -> None:
    long = "cf_" + "a" * 60
    assert free_name("cf_summa", {"cf_summa", "cf_summa_2"}) == "cf_summa_3"
    assert free_name(long, {long}) == long[:61] + "_2"


@pytest.mark.parametrize(
    ("field_type", "expected"),
    [
        ("Money", "number"),
        ("Bool", "boolean"),
        ("Date", "date"),
        ("DateTime", "moment"),
        ("Enum", "text"),
        (None, "text"),
    ],
)
def test_column_type(field_type: str | None, expected: str) -> None:
    assert column_type(field_type) == expected
