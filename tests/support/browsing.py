"""A browser for tests, and pages in it that fail the test on any trouble."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

PATIENCE = 300_000
"""Milliseconds to wait for what a busy machine does late."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        reason = "no Chromium found; install Debian's chromium to run the browser tests"
        if os.environ.get("ATLAS_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments, timeout=PATIENCE)
        yield browser
        browser.close()


def _failure(request: Request) -> str:
    """What failed; nothing where a page was left before an image had come."""
    left = request.failure == "net::ERR_ABORTED"
    return "" if left else f"failed: {request.url} ({request.failure})"


@contextmanager
def opened(browser: Browser, **options: Any) -> Iterator[Page]:
    """A page that fails the test on any console message, script error or failed request."""
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: trouble.append(f"script: {error}"))
    page.on("requestfailed", lambda request: trouble.append(_failure(request)))
    page.on(
        "response",
        lambda answer: trouble.append(f"{answer.status}: {answer.url}" * (answer.status >= 400)),
    )
    yield page
    context.close()
    assert not [what for what in trouble if what]


def wait_until(page: Page, expression: str) -> None:
    """Wait until a JavaScript expression is true on the page.

    Playwright's own `wait_for_function` asks again from within the page, by evaluating a string,
    which the pages' policy forbids: it works only where the first answer is true.
    """
    latest = time.monotonic() + PATIENCE / 1000
    while not page.evaluate(expression):
        assert time.monotonic() < latest, f"never came true: {expression}"
        page.wait_for_timeout(20)


def block_heads(page: Page) -> list[str]:
    """What stands over each block of pictures that is shown, in sight or below it.

    A browser does not lay out blocks out of sight: they have a text, and no inner text yet.
    """
    heads = page.locator(".block:visible h2").all_text_contents()
    return [" ".join(head.split()) for head in heads]


def show_all_images(page: Page) -> None:
    page.evaluate(
        """Promise.allSettled([...document.images].map((image) => {
            image.loading = "eager";
            return image.decode();
        }))"""
    )
