"""Rows, COPY statements and tables name the same columns in the same order."""

import re

import pytest

from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw import rows
from megaplan_sync.raw.tables import ALL_TABLES, RawTable

ROW_CLASSES = {
    "currencies": rows.CurrencyRow,
    "departments": rows.DepartmentRow,
    "advertising_ways": rows.AdvertisingWayRow,
    "contact_types": rows.ContactTypeRow,
    "employees": rows.EmployeeRow,
    "pipelines": rows.PipelineRow,
    "pipeline_stages": rows.PipelineStageRow,
    "contacts": rows.ContactRow,
    "contact_points": rows.ContactPointRow,
    "deals": rows.DealRow,
    "deal_positions": rows.DealPositionRow,
}


@pytest.mark.parametrize("table", ALL_TABLES, ids=lambda table: table.name)
def test_fields_are_the_copied_columns(table: RawTable) -> None:
    copied = re.search(r"COPY \w+ \((.*?)\)", read_sql(table.stage_rows), re.DOTALL)
    assert copied is not None
    assert tuple(re.findall(r"\w+", copied[1])) == ROW_CLASSES[table.name]._fields


def test_every_table_has_a_row_class() -> None:
    assert {table.name for table in ALL_TABLES} == set(ROW_CLASSES)
