"""The messages employees see when UIS rejects a command."""

import pytest

from megaplan_gateway.widget.error_messages import message_for
from uis_hook.api_errors import api_error


@pytest.mark.parametrize(
    ("code", "mnemonic", "words"),
    [
        (-32001, "access_token_invalid", "ключ доступа"),
        (-32003, "ip_not_whitelisted", "ключ доступа"),
        (-32008, "component_disabled", "не подключена в тарифе"),
        (-32009, "account_inactive", "ключ доступа"),
        (-32029, "limit_exceeded", "лимит"),
        (-32002, "contact_in_blacklist", "чёрном списке"),
        (-32602, "contact_in_blacklist", "чёрном списке"),
        (-32002, "security_rule_of_tomorrow", "не разрешает этот звонок"),
        (-32004, "invalid_state", "в другом состоянии"),
        (-32602, "call_session_not_found", "уже завершён"),
        (-32602, "own_virtual_phone_number_not_allowed", "собственный номер"),
        (-32007, "virtual_phone_number_not_found", "номер для исходящих звонков"),
        (-32602, "invalid_parameter_value", "не приняла команду"),
        (-32601, "method_not_found", "не приняла команду"),
        (-31000, "word_of_tomorrow", "не приняла команду"),
        (-32603, "internal_error", "сейчас не отвечает"),
    ],
)
def test_every_error_gets_the_message_that_fits(code: int, mnemonic: str, words: str) -> None:
    assert words in message_for(api_error("release.call", {"code": code, "data": {"mnemonic": mnemonic}}))
