"""What the fields of the connection form mean in Russian, beside the English labels: cabinet users read them too."""

SECTIONS = {
    "Account": "Аккаунт",
    "Telephony": "Телефония",
    "Requests": "Запросы",
    "Addresses": "Адреса",
    "Advanced": "Особое",
}
"""In the order of the form: first what everybody sets, last what hardly anybody does."""
FIELDS = {
    "brand": "Бренд",
    "access_token": "Ключ доступа",
    "account_timezone": "Часовой пояс аккаунта",
    "virtual_phone_number": "Номер для исходящих звонков",
    "webhook_secret": "Секрет уведомлений",
    "recordings_need_login": "Записи только после входа",
    "page_size": "Строк на странице",
    "longest_limit_wait_seconds": "Дольше всего ждать баллов, секунд",
    "reserved_points_percent": "Доля баллов для телефонии, %",
    "data_api_url": "Адрес Data API",
    "call_api_url": "Адрес Call API",
    "records_url": "Адрес записей",
    "customer_user_id": "Пользователь клиента (для партнёров)",
    "vendor_quirks": "Отличия кабинета",
}
