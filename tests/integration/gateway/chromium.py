"""A real Chromium; test modules name this file in ``pytest_plugins``."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Error, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_OPTIONS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
REMEDY = (
    "No Chromium could be started. `make browser` installs it as root on Debian; elsewhere install Chromium or "
    "Chrome, or run `.venv/bin/playwright install chromium`."
)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser per module: the system's Chromium, otherwise the one installed by Playwright."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=found, args=list(_OPTIONS))
        except Error as error:
            pytest.fail(f"{REMEDY}\n{error}")
        yield browser
        browser.close()
