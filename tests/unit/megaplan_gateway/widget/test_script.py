"""The widget's script as it is installed in Megaplan."""

import re
from typing import Any

import pytest

from megaplan_gateway.accounts.widget_key import widget_key
from megaplan_gateway.widget.script import NAMES, widget_content
from megaplan_hook.settings import AccountSettings
from megaplan_hook.vendor_quirks import VendorQuirks

SECRET = "secret-of-the-webhooks"


def account(**fields: Any) -> AccountSettings:
    given = {"gateway_url": "https://calls.example.org", "webhook_secret": SECRET}
    return AccountSettings(
        connection_id="megaplan_default",
        base_url="https://mp1.megaplan.ru",
        **{"account": "mp1", **given, **fields},
    )


@pytest.mark.parametrize("placeholder", NAMES)
def test_the_content_is_valid_as_html_and_as_a_script(placeholder: str) -> None:
    content = widget_content(account(), placeholder)
    lines = content.splitlines()
    assert (lines[0], lines[-1]) == ("<!-- --><script>", "//</script>")
    assert not re.search("</script|<!--", "\n".join(lines[1:-1]))
    assert f'"placeholder":"{placeholder}"' in content


def test_the_content_has_the_widget_key_but_not_the_webhook_secret() -> None:
    content = widget_content(account(), "common_phone_number")
    assert f'"gateway":"https://calls.example.org/mp1/{widget_key(SECRET)}/widget"' in content
    assert SECRET not in content
    assert "applicationToken" not in re.sub(r"//[^\n]*", "", content)


def test_an_address_in_cyrillic_is_one_that_every_program_reads() -> None:
    content = widget_content(account(account="мойплан.рф"), "common_phone_number")
    encoded = "%D0%BC%D0%BE%D0%B9%D0%BF%D0%BB%D0%B0%D0%BD.%D1%80%D1%84"
    assert f'"gateway":"https://calls.example.org/{encoded}/{widget_key(SECRET)}/widget"' in content


def test_a_setting_cannot_end_the_script() -> None:
    content = widget_content(
        account(gateway_url="https://a/</script><script>alert(1)"), "common_phone_number"
    )
    assert content.count("</script>") == 1


def test_names_from_vendor_quirks_come_first() -> None:
    quirks = VendorQuirks(widget_phone_key="telephone", widget_sign_key="sign")
    content = widget_content(account(vendor_quirks=quirks), "common_phone_number")
    assert '"signatureKeys":["sign","userSign"]' in content
    assert '"phoneKeys":["telephone","phone","phoneNumber","number"]' in content


@pytest.mark.parametrize("missing", ["gateway_url", "webhook_secret"])
def test_rendering_requires_an_address_and_a_secret(missing: str) -> None:
    with pytest.raises(ValueError, match="gateway_url and webhook_secret"):
        widget_content(account(**{missing: None}), "common_phone_number")
