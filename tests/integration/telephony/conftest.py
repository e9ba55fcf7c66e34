"""Fixtures of the telephony tests."""

import pytest


@pytest.fixture
def template(prepared_template: str) -> str:
    """The tests start with all tables, empty."""
    return prepared_template
