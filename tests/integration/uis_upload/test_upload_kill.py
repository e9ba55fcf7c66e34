"""After kill -9 at any moment, another run sends nothing twice and misses nothing."""

import pytest

from .deadly_upload import upload_until_killed
from .test_upload_faults import assert_each_once
from .upload_world import UploadWorld

pytest_plugins = ["tests.emulators.uis_fixtures"]

MOMENTS = (
    "after create.sales_funnel",
    "after create.deal_user_field",
    "before create.deal_contacts",
    "after create.deal_contacts",
    "statement intend_upload",
    "before upload.deals_history",
    "after upload.deals_history",
)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_upload_is_followed_by_another_one(world: UploadWorld, moment: str) -> None:
    world.connections()
    upload_until_killed(world.uri, moment)
    world.pass_time(10)
    world.upload()
    assert_each_once(world)
    assert world.failed() == {}
    assert world.certificates[-1].verdict == "proven"
