"""What is wrong with a page by the HTML standard, and for those who cannot see or use a mouse."""

from typing import Any

import pytest
from playwright.sync_api import Page


def html_errors(text: str) -> list[str]:
    """What a parser stumbles over (html.spec.whatwg.org, Parsing), and ids that are there twice.

    Skips the test where html5lib is not installed.
    """
    reason = "html5lib is not installed; it is of the extra test"
    html5lib = pytest.importorskip("html5lib", reason=reason)
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = parser.parse(text)
    found = [f"line {line}: {code} {data}" for (line, _), code, data in parser.errors]
    ids = [element.get("id") for element in tree.iter() if element.get("id")]
    return found + [f"id {name!r} is there twice" for name in {i for i in ids if ids.count(i) > 1}]


def axe_violations(page: Page) -> list[str]:
    """What axe-core finds against its rules on the page as it is shown now.

    Skips the test where the Python package that brings axe-core is not installed.
    """
    reason = "axe-playwright-python is not installed; it is of the extra test"
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason=reason).Axe()
    violations: list[dict[str, Any]] = axe.run(page).response["violations"]
    return [
        f"{violation['id']}: {violation['nodes'][0]['html'][:200]} "
        f"({len(violation['nodes'])} places; {violation['help']})"
        for violation in violations
    ]
