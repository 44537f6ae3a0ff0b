"""Server on networks that the engine really analysed, one Chromium, and a fresh visitor for each test.

Everything lives as long as this folder's tests: playwright's event loop must be gone before other tests run.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from pluriscope.addresses.address import Addresses
from pluriscope.app.db.engine import open_store
from pluriscope.app.jobs.worker import run_workers
from pluriscope.app.settings import Settings
from tests.app.jobs.executors import work
from tests.browser.pages_table import addresses
from tests.browser.prepared import prepare
from tests.browser.rules import WATCH_SHIFTS, settle

CHROMIUM_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM_OPTIONS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    "--in-process-gpu",  # nothing is drawn by a GPU: a process for it has nothing to do but listen
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    # tabs share two processes, and none waits for a further tab: to start one takes as long as a visit
    *("--disable-site-isolation-trials", "--renderer-process-limit=2"),
    "--js-flags=--no-opt --no-maglev",  # no page is looked at for long enough to make up for a compiler at work
]
DESKTOP = {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "color_scheme": "light"}
WAIT_MILLISECONDS = 20_000  # for what a busy machine does late
Answer = TypeVar("Answer")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Name the visits that failed and passed when they were tried once more."""
    failed = {report.nodeid for report in terminalreporter.stats.get("failed", [])}
    for visit in sorted({report.nodeid for report in terminalreporter.stats.get("rerun", [])} - failed):
        terminalreporter.write_line(f"flaky, passed when tried once more: {visit}", yellow=True)


@dataclass(frozen=True)
class Site:
    """A running dashboard."""

    url: str
    data: Path

    def __call__(self, path: str = "/") -> str:
        return self.url + path

    def twin(self, path: str) -> Any:
        """The JSON twin of a page."""
        answer = httpx.get(self.url + Addresses().twin(path), timeout=30)
        answer.raise_for_status()
        return answer.json()

    def answered(self, network: str, analysis: str) -> Any:
        """Report of an analysis of a network."""
        answer = httpx.get(f"{self.url}/api/v2{network}/analyses/{analysis}", timeout=30)
        answer.raise_for_status()
        return answer.json()["report"]

    def listed(self, network: str, **options: Any) -> Any:
        """The explanations of a network with these options, as scripts get them."""
        answer = httpx.get(f"{self.url}/api/v2/networks/{network}/explanations", params=options, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def work(self, *kinds: str) -> None:
        """Do all waiting jobs of these kinds here: a worker's process takes longer to start than most of them."""
        store = open_store(Settings(data=self.data))
        try:
            work(store, kinds)
        finally:
            store.close()

    @contextmanager
    def worker(self) -> Iterator[None]:
        """Background work as `pluriscope work` does it, until the block ends; in a thread, as all is imported here."""
        stop = threading.Event()
        work = threading.Thread(
            target=run_workers, args=(Settings(data=self.data),), kwargs={"slots": 1, "stop": stop}, name="worker"
        )
        work.start()
        try:
            yield
        finally:
            stop.set()
            work.join()


@contextmanager
def _command(data: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A command of ours in a process of its own, ended with the block; what it says goes to the data folder."""
    environment = {**os.environ, "PLURISCOPE_DATA": str(data)}
    with (data / f"{arguments[0]}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "pluriscope.app.cli", *arguments],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
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
    """A free one."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="package")
def site(tmp_path_factory, chromium) -> Iterator[Site]:
    """A dashboard of this process's own on the prepared store.

    It asks for the browser first, so that nothing is analysed where there is none.
    """
    data = tmp_path_factory.mktemp("dashboard")
    prepare(data, tmp_path_factory)
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


@contextmanager
def served(app: Any) -> Iterator[str]:
    """An application of a test's own on a local port, until the block ends; its address."""
    import uvicorn

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


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


@pytest.fixture
def expect(chromium: Any) -> Any:
    """Playwright's assertions, which wait."""
    from playwright.sync_api import expect

    return expect


def eventually(tab: Any, ask: Callable[[], Answer], wanted: Answer) -> None:
    """Ask until the answer is this one: right after a click the page before is still there, and the address of a page
    that scripts change is changed last.
    """
    late = time.monotonic() + WAIT_MILLISECONDS / 1000
    while (answer := ask()) != wanted and time.monotonic() < late:
        tab.wait_for_timeout(20)
    assert answer == wanted


def query(tab: Any) -> dict[str, list[str]]:
    """Query of the address."""
    return parse_qs(urlsplit(tab.url).query)


@dataclass
class Ear:
    """Hears what goes wrong in a tab: console warnings and errors, exceptions, requests that fail or are refused."""

    heard: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)

    def expect_status(self, status: int) -> None:
        """An answer with this status is what the test is about."""
        self.expected.add(status)

    def listen(self, tab: Any) -> None:
        for event, hear in self._events:
            tab.on(event, hear)

    def leave(self, tab: Any) -> None:
        for event, hear in self._events:
            tab.remove_listener(event, hear)

    @property
    def _events(self) -> tuple[tuple[str, Callable[[Any], None]], ...]:
        return (
            ("console", self._console),
            ("pageerror", self._raised),
            ("requestfailed", self._failed),
            ("response", self._answered),
        )

    def _raised(self, error: Any) -> None:
        self.heard.append(f"exception: {error}")

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


@pytest.fixture(scope="package")
def lent(chromium: Any) -> Callable[..., Any]:
    """Lends tabs, each to one visitor at a time: a new one takes longer than a visit. Nothing that a page can read is
    left in it; the browser's cache is.
    """
    free = defaultdict(list)

    @contextmanager
    def lend(**options: Any) -> Iterator[Any]:
        options = {**DESKTOP, **options}
        idle = free[repr(sorted(options.items()))]
        if not idle:
            context = chromium.new_context(**options)
            context.set_default_timeout(WAIT_MILLISECONDS)
            context.add_init_script(WATCH_SHIFTS)
            idle.append(context.new_page())
        tab = idle.pop()
        yield tab
        if tab.is_closed():
            return
        tab.goto("about:blank")
        tab.unroute_all(behavior="ignoreErrors")
        tab.context.clear_cookies()
        devtools = tab.context.new_cdp_session(tab)
        devtools.send("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "local_storage"})
        devtools.send("Page.resetNavigationHistory")
        devtools.detach()
        tab.set_viewport_size(options["viewport"])
        motion = options.get("reduced_motion", "no-preference")
        tab.emulate_media(media="null", color_scheme=options["color_scheme"], reduced_motion=motion)
        idle.append(tab)

    return lend


@pytest.fixture
def visitor(lent, site, ear) -> Iterator[Callable[..., Any]]:
    """Gives tabs to fresh visitors; options are those of a playwright context. What any of them hears amiss fails."""
    with ExitStack() as used:

        def arrive(**options: Any) -> Any:
            tab = used.enter_context(lent(**{"base_url": site.url, **options}))
            ear.listen(tab)
            used.callback(ear.leave, tab)
            return tab

        yield arrive
    assert ear.heard == []


@pytest.fixture(scope="package")
def tabs(chromium, site) -> Iterator[Callable[..., Any]]:
    """Tabs that stay from test to test, one for each set of options: a visit to one page leaves nothing behind that the
    next could meet, for nothing is kept (every load is a first one, except without scripts, where styles alone could be
    kept and no rule asks when they came) and nobody clicks what is remembered.
    """
    made: dict[str, Any] = {}

    def tab(*, brings: str = "", **options: Any) -> Any:
        key = repr([sorted(options.items()), brings])
        if key not in made:
            context = chromium.new_context(base_url=site.url, **{**DESKTOP, **options})
            context.set_default_timeout(WAIT_MILLISECONDS)
            made[key] = context.new_page()
            if options.get("java_script_enabled", True):
                made[key].add_init_script(WATCH_SHIFTS + brings)
                devtools = context.new_cdp_session(made[key])
                devtools.send("Network.enable")
                devtools.send("Network.setCacheDisabled", {"cacheDisabled": True})
        return made[key]

    yield tab
    for one in made.values():
        one.context.close()


@pytest.fixture
def visit(tabs, ear) -> Iterator[Callable[..., Any]]:
    """Opens an address in a tab with these options, and waits until the page is whole; ``brings`` is a script that is
    there from its start.
    """
    used = []

    def go(address: str, status: int = 200, **options: Any) -> Any:
        tab = tabs(**options)
        used.append(tab)
        tab.emulate_media(media="screen", color_scheme="light")
        ear.listen(tab)
        if status != 200:
            ear.expect_status(status)
        assert tab.goto(address).status == status, address
        if options.get("java_script_enabled", True):
            settle(tab)
        return tab

    yield go
    for tab in used:
        assert tab.context.cookies() == []
        ear.leave(tab)
    assert ear.heard == []


@pytest.fixture
def tab(visitor) -> Any:
    """A tab of one fresh visitor at a desk."""
    return visitor()


@pytest.fixture(scope="package")
def where(site) -> dict[str, str]:
    """The address of each page of the table, by its name there."""
    return addresses(site)
