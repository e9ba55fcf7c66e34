"""What all pages share: frame, styles, money, dates, page numbers."""

from collections.abc import Callable
from datetime import datetime
from html import escape

from ..data.records import Sum
from ..data.values import ACCOUNT_ZONE

_SIGNS = {"RUB": "₽", "USD": "$", "EUR": "€"}

_STYLE = """
:root{--ink:#1f2933;--dim:#7b8794;--line:#e4e7eb;--accent:#2f6fed}
*{box-sizing:border-box}
body{margin:0;font:15px/1.45 system-ui,"Segoe UI",Roboto,sans-serif;color:var(--ink);background:#f5f7fa}
header{display:flex;align-items:center;gap:28px;padding:0 32px;height:56px;background:#fff;
 border-bottom:1px solid var(--line)}
header b{font-size:18px}header b i{font-style:normal;color:var(--accent)}
nav a{padding:17px 4px;margin-right:18px;color:var(--dim);text-decoration:none}
nav a.on{color:var(--ink);border-bottom:3px solid var(--accent)}
form{margin-left:auto}
input{width:280px;padding:8px 14px;border:1px solid var(--line);border-radius:18px;
 font:inherit;background:#f5f7fa}
main{max-width:1180px;margin:24px auto;padding:0 24px}
h1{font-size:24px;font-weight:600;margin:0 0 16px}h2{font-size:18px;margin:28px 0 10px}
.count{color:var(--dim);font-size:16px;font-weight:400;margin-left:6px}
table{width:100%;border-collapse:collapse;background:#fff;border-radius:10px;overflow:hidden;
 box-shadow:0 1px 3px #0001}
th{padding:10px 14px;text-align:left;font-weight:500;font-size:13px;color:var(--dim);
 border-bottom:1px solid var(--line)}
td{padding:9px 14px;border-bottom:1px solid var(--line);vertical-align:top}
tr:last-child td{border-bottom:0}tr:hover td{background:#fafbfc}
td a{color:var(--accent);text-decoration:none;font-weight:500}
small{display:block;color:var(--dim)}
.number{color:var(--dim);white-space:nowrap;font-size:13px}
.money{white-space:nowrap;font-variant-numeric:tabular-nums}.phone{white-space:nowrap}
.stage{display:inline-block;padding:2px 11px;border-radius:11px;color:#fff;font-size:13px;white-space:nowrap}
.pages{margin:18px 0 40px;display:flex;gap:6px}
.pages a,.pages b{padding:5px 12px;border-radius:7px;text-decoration:none;color:var(--accent);background:#fff}
.pages b{background:var(--accent);color:#fff}
.card{display:grid;grid-template-columns:180px 1fr;gap:10px 16px;
 background:#fff;padding:22px;border-radius:10px;
 margin:0;box-shadow:0 1px 3px #0001}
.card dt{color:var(--dim)}.card dd{margin:0}
.note{background:#fffbea;border-radius:10px;padding:4px 22px;margin-top:16px}
.viewer{white-space:nowrap;color:var(--dim)}.viewer a{color:var(--accent)}
#telephony{position:fixed;right:20px;bottom:20px;width:330px;padding:14px 16px;background:#fff;border-radius:12px;
 box-shadow:0 4px 24px #0003}
#telephony h2{font-size:15px;margin:0 0 8px}
.call-card{border-left:4px solid #48b882;background:#f3fbf7;border-radius:8px;padding:10px 12px;margin-bottom:10px}
.call-card .state{float:right;color:var(--dim)}.call-card .client{font-size:17px;margin-top:4px}
iframe{border:0}iframe.common_phone_number{width:360px;height:34px;vertical-align:middle;margin-left:8px}
iframe.common_telephony_widget{width:100%;height:130px}
"""


def layout(title: str, tab: str, text: str, content: str, viewer: str = "", telephony: str = "") -> str:
    """Return a whole page.

    :param viewer: what the head says about who is signed in.
    :param telephony: what follows the content of a signed-in employee's page.
    """
    tabs = (("deals", "/", "Сделки"), ("contacts", "/contacts", "Контакты"))
    links = "".join(
        f'<a href="{path}"{" class=on" if name == tab else ""}>{label}</a>' for name, path, label in tabs
    )
    target = "/contacts" if tab == "contacts" else "/"
    box = f'<input name="q" type="search" placeholder="Поиск" value="{escape(text)}">'
    search = f'<form action="{target}">{box}</form>'
    return (
        f'<!DOCTYPE html><html lang="ru"><head><meta charset="utf-8"><title>{escape(title)} · CRM</title>'
        '<link rel="icon" href="data:,">'
        f"<style>{_STYLE}</style></head><body><header><b>Мегаплан <i>эмулятор</i></b>"
        f"<nav>{links}</nav>{search}{viewer}"
        f"</header><main>{content}</main>{telephony}</body></html>"
    )


def amount(value: Sum) -> str:
    """Return a sum in Russian notation."""
    text = f"{value.value:,.2f}".replace(",", " ").replace(".", ",").removesuffix(",00")
    return f"{text} {_SIGNS.get(value.currency, escape(value.currency))}"


def when(timestamp: int) -> str:
    """Return a time in the account's zone."""
    return f"{datetime.fromtimestamp(timestamp, ACCOUNT_ZONE):%d.%m.%Y %H:%M}"


def pager(page: int, pages: int, address: Callable[[int], str]) -> str:
    """Return links to the neighbouring pages."""
    if pages == 1:
        return ""
    near = [number for number in range(page - 3, page + 4) if 1 <= number <= pages]
    numbers = sorted({1, *near, pages})
    links = (
        f"<b>{number}</b>" if number == page else f'<a href="{escape(address(number))}">{number}</a>'
        for number in numbers
    )
    return f'<div class="pages">{"".join(links)}</div>'
