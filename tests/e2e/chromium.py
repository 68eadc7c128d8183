"""A real headless Chromium under Debian's chromedriver, told to reach nothing on its own."""

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.webdriver import WebDriver

WIDTH: Final = 1200
SCREENSHOTS: Final = "ASSAY_SCREENSHOTS"
"""Environment variable: a folder where the pictures of the README are written."""

_FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
)


@contextmanager
def chromium(profile: Path, *, javascript: bool = True) -> Iterator[WebDriver]:
    """A browser with an empty profile in this folder. Skips the test where there is none."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("chromium and chromedriver (Debian: chromium chromium-driver) are not here")
    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*_FLAGS, f"--user-data-dir={profile}", f"--window-size={WIDTH},900"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    if not javascript:
        setting = {"profile.managed_default_content_settings.javascript": 2}
        options.add_experimental_option("prefs", setting)
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        yield browser
    finally:
        browser.quit()


def complaints(browser: WebDriver) -> list[str]:
    """What the browser complained about since the last call: blocked content, failed loads."""
    entries = browser.get_log("browser")  # type: ignore[no-untyped-call]
    return [str(entry["message"]) for entry in entries if entry["level"] == "SEVERE"]


def dark(browser: WebDriver, *, on: bool) -> None:
    """Prefer the dark scheme, or the light one."""
    feature = {"name": "prefers-color-scheme", "value": "dark" if on else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


def resize(browser: WebDriver, width: int, height: int = 900) -> None:
    """A page of exactly this width, narrower than a window can be if need be."""
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
    )


def photograph(browser: WebDriver, name: str, height: int = 900) -> None:
    """Write a picture of the page for the README, if the environment says where."""
    folder = os.environ.get(SCREENSHOTS)
    if folder is None:
        return
    resize(browser, WIDTH, height)
    shot = Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB")
    palette = shot.quantize(256)
    shot.quantize(palette=palette).save(Path(folder) / name, optimize=True)  # half the bytes
    resize(browser, WIDTH)


# Every piece of text whose contrast against what lies behind it is below WCAG AA.
LOW_CONTRAST: Final = """
const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
function rgba(colour) {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
}
function behind(element) {
  const layers = [];
  for (let at = element; at; at = at.parentElement) {
    layers.push(rgba(getComputedStyle(at).backgroundColor));
  }
  return layers.reverse().reduce(
    (under, [r, g, b, a]) => [r, g, b].map((value, i) => value * a + under[i] * (1 - a)),
    [255, 255, 255]);
}
function luminance(colour) {
  const [r, g, b] = colour.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
const found = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  const text = walker.currentNode.textContent.trim();
  if (text === "" || !element.checkVisibility() || element.closest("svg, :disabled")) continue;
  const style = getComputedStyle(element);
  const [ink, paper] = [luminance(rgba(style.color)), luminance(behind(element))];
  const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  const size = parseFloat(style.fontSize);
  const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
  if (ratio < (large ? 3 : 4.5)) found.push(`${ratio.toFixed(2)}: ${text.slice(0, 60)}`);
}
return found;
"""
