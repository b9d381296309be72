"""A real Chromium, driven by Playwright, that reaches nothing; tests that want it are skipped where there is none."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip


def executable() -> str:
    """Where Chromium is; empty if it is nowhere."""
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return next((path for path in found if path), "")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser, which ends with the block."""
    pytest.importorskip("playwright", reason="Playwright is not installed: pip install 'satsuma[test]'")
    if not executable():
        pytest.skip("Chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable(), args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


class Looked:
    """A page that was opened. said: what came to the console; reached: addresses that it tried to get."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.said: list[str] = []
        self.reached: list[str] = []
        page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.said.append(f"error: {error}"))
        page.on("request", lambda request: self.reached.append(request.url))

    def go(self, path: Path) -> Page:
        """Open a file and wait until its program has started."""
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("html[data-ready]", timeout=30_000)
        return self.page
