"""Russian messages for employees when UIS rejects a command."""

from __future__ import annotations

from uis_hook.exceptions import (
    UisAccountInactiveError,
    UisAddressNotAllowedError,
    UisAPIError,
    UisCallRefusedError,
    UisCallStateError,
    UisComponentDisabledError,
    UisError,
    UisForbiddenError,
    UisLimitExceededError,
    UisLoginError,
    UisServerError,
    UisTokenError,
    UisValidationError,
)

_BY_MNEMONIC = {
    "no_active_phone_number": "У вас нет активного телефона в UIS. Включите его в личном кабинете.",
    "contact_in_blacklist": "На этот номер позвонить нельзя: он в чёрном списке UIS.",
    "own_virtual_phone_number_not_allowed": "Это собственный номер компании, на него позвонить нельзя.",
    "employee_not_found": "UIS не нашла вас среди сотрудников. Обратитесь к администратору.",
    "virtual_phone_number_not_found": "UIS не нашла номер для исходящих звонков. Обратитесь к администратору.",
    "call_session_not_found": "Этот звонок уже завершён.",
}
_BY_CLASS: tuple[tuple[type[UisError] | tuple[type[UisError], ...], str], ...] = (
    (UisLimitExceededError, "Исчерпан лимит запросов к UIS. Попробуйте через минуту."),
    (UisComponentDisabledError, "Эта функция не подключена в тарифе UIS. Обратитесь к администратору."),
    (
        (UisTokenError, UisLoginError, UisForbiddenError, UisAddressNotAllowedError, UisAccountInactiveError),
        "UIS отклонила ключ доступа. Обратитесь к администратору.",
    ),
    (UisCallRefusedError, "UIS не разрешает этот звонок. Обратитесь к администратору."),
    (UisCallStateError, "Сейчас это невозможно: звонок в другом состоянии. Попробуйте ещё раз."),
)


def message_for(error: UisError) -> str:
    """Return the message to show for an error."""
    if isinstance(error, UisAPIError) and error.mnemonic in _BY_MNEMONIC:
        return _BY_MNEMONIC[error.mnemonic]
    for kind, message in _BY_CLASS:
        if isinstance(error, kind):
            return message
    if isinstance(error, UisValidationError) and error.field == "contact":
        return "UIS не приняла этот номер телефона."
    if isinstance(error, UisAPIError) and not isinstance(error, UisServerError):
        return "UIS не приняла команду. Обратитесь к администратору."
    return "UIS сейчас не отвечает. Попробуйте ещё раз через минуту."


def error_name(error: UisError) -> str:
    """Return an error's class and mnemonic, which contain no personal data."""
    mnemonic = f" {error.mnemonic}" if isinstance(error, UisAPIError) else ""
    return f"{type(error).__name__}{mnemonic}"
