"""What people who sell are told when UIS does not do what they asked for."""

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
    "no_active_phone_number": "У вас нет включённого телефона в UIS: включите его в личном кабинете.",
    "contact_in_blacklist": "UIS не звонит на этот номер: он в чёрном списке.",
    "own_virtual_phone_number_not_allowed": "Это собственный номер компании, на него позвонить нельзя.",
    "employee_not_found": "UIS не знает вас как сотрудника: обратитесь к администратору.",
    "virtual_phone_number_not_found": "UIS не знает номер, с которого звонит компания: обратитесь к администратору.",
    "call_session_not_found": "Этот звонок уже завершён.",
}
_BY_CLASS: tuple[tuple[type[UisError] | tuple[type[UisError], ...], str], ...] = (
    (UisLimitExceededError, "Исчерпан лимит запросов к UIS: попробуйте через минуту."),
    (UisComponentDisabledError, "Эта возможность не подключена в тарифе UIS: обратитесь к администратору."),
    (
        (UisTokenError, UisLoginError, UisForbiddenError, UisAddressNotAllowedError, UisAccountInactiveError),
        "UIS не принимает ключ доступа: обратитесь к администратору.",
    ),
    (UisCallRefusedError, "UIS не разрешает этот звонок: обратитесь к администратору."),
    (UisCallStateError, "Сейчас этого сделать нельзя: звонок в другом состоянии. Попробуйте ещё раз."),
)


def told_of(error: UisError) -> str:
    """Return a sentence for people about a refusal."""
    if isinstance(error, UisAPIError) and error.mnemonic in _BY_MNEMONIC:
        return _BY_MNEMONIC[error.mnemonic]
    for kind, told in _BY_CLASS:
        if isinstance(error, kind):
            return told
    if isinstance(error, UisValidationError) and error.field == "contact":
        return "UIS не принимает этот номер телефона."
    if isinstance(error, UisAPIError) and not isinstance(error, UisServerError):
        return "UIS не приняла команду: обратитесь к администратору."
    return "UIS сейчас не отвечает: попробуйте ещё раз через минуту."


def error_name(error: UisError) -> str:
    """Return class and mnemonic, which hold nothing of anybody."""
    mnemonic = f" {error.mnemonic}" if isinstance(error, UisAPIError) else ""
    return f"{type(error).__name__}{mnemonic}"
