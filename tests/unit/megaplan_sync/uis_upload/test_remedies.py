"""Who can mend what UIS refuses."""

from datetime import UTC, datetime, timedelta

import pytest

from megaplan_sync.uis_upload.remedies import is_in_future, remedy_of
from uis_hook.deals import DealRecord
from uis_hook.exceptions import UisNotFoundError, UisValidationError

NOW = datetime(2026, 1, 20, tzinfo=UTC)


def refusal(
    field: str | None, message: str = "", mnemonic: str = "invalid_parameter_value"
) -> UisValidationError:
    kind = UisNotFoundError if mnemonic == "entity_not_found" else UisValidationError
    return kind("upload.deals_history", mnemonic, -32602, message, field)


@pytest.mark.parametrize(
    ("field", "mnemonic", "remedy"),
    [
        ("deals.3.revenue", "invalid_parameter_value", "mend in Megaplan"),
        ("deals[3].name", "invalid_parameter_value", "mend in Megaplan"),
        ("deals.user_fields.2.value", "invalid_parameter_value", "mend in Megaplan"),
        ("contacts.0.emails.1", "invalid_parameter_value", "mend in Megaplan"),
        ("deals.3.employee_ext_id", "entity_not_found", "mend in UIS"),
        ("deals.3.user_fields.0.ext_id", "entity_not_found", "mend in UIS"),
        ("deals.3.contact_ext_ids.0", "invalid_parameter_value", "mend in UIS"),
        ("ext_id", "dependency_error", "mend in UIS"),
        (None, "data_limit_exceeded", "mend in UIS"),
        (None, "invalid_parameter_value", "ours"),
        ("deals.3.modified_stage_date_time", "invalid_parameter_value", "ours"),
        ("deals.3.tags", "unexpected_parameters", "ours"),
    ],
)
def test_the_field_says_who(field: str | None, mnemonic: str, remedy: str) -> None:
    assert remedy_of(refusal(field, mnemonic=mnemonic)) == remedy


@pytest.mark.parametrize(
    ("field", "message", "age", "is_new", "is_future"),
    [
        ("deals.0.created_date_time", "", timedelta(hours=1), False, True),
        ("deals.0.modified_date_time", "", timedelta(hours=1), False, True),
        ("deals.0.modified_date_time", "", timedelta(hours=27), False, False),
        ("deals.0.modified_stage_date_time", "", timedelta(hours=1), True, True),
        # it may be earlier than what UIS has
        ("deals.0.modified_stage_date_time", "", timedelta(hours=1), False, False),
        ("deals.0.modified_stage_date_time", "Дата в будущем", timedelta(hours=1), False, True),
        (None, "The date is in the future", timedelta(days=9), False, True),
        (None, 'Deal "Наше будущее": value is invalid', timedelta(hours=1), False, False),
        (None, "Сделка «Future» отклонена", timedelta(hours=1), False, False),
        (None, "must be in the future of the last stage", timedelta(days=4000), False, False),
        (None, "", timedelta(0), True, False),
        ("deals.0.name", "No futures please", timedelta(0), True, False),
    ],
)
def test_a_time_that_has_not_come(
    field: str | None, message: str, age: timedelta, is_new: bool, is_future: bool
) -> None:
    moment = NOW - age
    record = DealRecord("d", "Окна", moment - timedelta(days=1), moment, "f", "s")
    assert is_in_future(refusal(field, message), [record], NOW, is_new=is_new) is is_future
