"""What most tests of telephony begin with."""

import pytest


@pytest.fixture
def template(prepared_template: str) -> str:
    """The tests here begin with all tables, empty."""
    return prepared_template
