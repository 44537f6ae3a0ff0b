"""One server on networks that the engine really analysed, one Chromium, and a fresh visitor for each test.

Everything lives as long as this folder's tests: playwright's event loop must be gone before other tests run.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.browser.pages_table import addresses
from tests.browser.prepared import prepare

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_OPTIONS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
DESKTOP = {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "color_scheme": "light"}
WAIT_MILLISECONDS = 20_000  # for what a busy machine does late


@dataclass(frozen=True)
class Site:
    """A running dashboard."""

    url: str
    data: Path

    def __call__(self, path: str = "/") -> str:
        return self.url + path

    def twin(self, path: str) -> Any:
        """The JSON twin of a page."""
        answer = httpx.get(f"{self.url}/api/v1{path}", timeout=30)
        answer.raise_for_status()
        return answer.json()

    @contextmanager
    def worker(self) -> Iterator[None]:
        """Background work, as `pluriscope work` does it, until the block ends."""
        with _command(self.data, "work", "--workers", "1"):
            yield


@contextmanager
def _command(data: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command of ours in a process of its own, ended with the block; what it says goes to the data folder."""
    environment = {**os.environ, "PLURISCOPE_DATA": str(data)}
    with (data / f"{arguments[0]}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", *arguments], env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _port() -> int:
    """The one that was asked for, or a free one; of several test processes only the first gets what was asked for."""
    chosen = os.environ.get("PLURISCOPE_TEST_PORT")
    if chosen and os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0":
        return int(chosen)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="package")
def site(tmp_path_factory, chromium) -> Iterator[Site]:
    """A dashboard of this process's own on the prepared store.

    It asks for the browser first, so that nothing is analysed where there is none.
    """
    data = tmp_path_factory.mktemp("dashboard")
    base = tmp_path_factory.getbasetemp()
    # processes that share the tests have folders of their own beside each other
    prepare(data, (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "prepared")
    port = _port()
    with _command(data, "serve", "--no-bundled", "--port", str(port)) as server:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 600  # on a busy machine it takes minutes to import
        while True:
            try:
                httpx.get(f"{url}/health", timeout=5).raise_for_status()
                break
            except httpx.HTTPError:
                late = time.monotonic() > deadline
                assert server.poll() is None and not late, (data / "serve.log").read_text()  # noqa: PT018
                time.sleep(0.1)
        yield Site(url, data)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    """The browser; without one the tests are skipped, except where CI promises that there is one."""
    chosen = os.environ.get("PLURISCOPE_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), "")
    if not chosen:
        reason = f"no Chromium on this machine (looked for {', '.join(CHROMIUM_NAMES)})"
        if os.environ.get("CI"):
            pytest.fail(f"{reason}, and CI is set, so the browser tests must run")
        pytest.skip(reason)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=WAIT_MILLISECONDS)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chosen, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


@dataclass
class Ear:
    """Hears what goes wrong in a tab: console warnings and errors, exceptions, requests that fail or are refused."""

    heard: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)

    def expect_status(self, status: int) -> None:
        """An answer with this status is what the test is about."""
        self.expected.add(status)

    def listen(self, tab: Any) -> None:
        tab.on("console", self._console)
        tab.on("pageerror", lambda error: self.heard.append(f"exception: {error}"))
        tab.on("requestfailed", self._failed)
        tab.on("response", self._answered)

    def _console(self, message: Any) -> None:
        # a refused request is also said on the console, but without its address: _answered has it
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.heard.append(f"console {message.type}: {message.text}")

    def _failed(self, request: Any) -> None:
        # leaving a page ends what it was still asking for
        if request.failure != "net::ERR_ABORTED":
            self.heard.append(f"failed: {request.url}: {request.failure}")

    def _answered(self, response: Any) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self.heard.append(f"status {response.status}: {response.url}")


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def visitor(chromium, site, ear) -> Iterator[Callable[..., Any]]:
    """Makes tabs of fresh visitors; options are those of a playwright context. What any of them hears amiss fails."""
    contexts = []

    def arrive(**options: Any) -> Any:
        context = chromium.new_context(base_url=site.url, **{**DESKTOP, **options})
        context.set_default_timeout(WAIT_MILLISECONDS)
        contexts.append(context)
        tab = context.new_page()
        ear.listen(tab)
        return tab

    yield arrive
    for context in contexts:
        context.close()
    assert ear.heard == []


@pytest.fixture
def tab(visitor) -> Any:
    """A tab of one fresh visitor at a desk."""
    return visitor()


@pytest.fixture(scope="package")
def where(site) -> dict[str, str]:
    """The address of each page of the table, by its name there."""
    return addresses(site)
