"""What tests in a browser share."""

from collections.abc import Iterator

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver

from tests.e2e.chromium import chromium


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    """One for each file of tests."""
    with chromium(tmp_path_factory.mktemp("profile")) as made:
        yield made
