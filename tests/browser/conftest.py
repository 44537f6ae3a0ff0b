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
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from analysis.data import clean_data
from analysis.protocol import COMPLETE, PAPER
from app.bundled import ORIGIN, bundled_networks
from app.db.engine import Store, open_store
from app.db.errors import Conflict
from app.db.records import save_data_record
from app.db.studies import save_results
from app.db.tables import JobRow, NetworkRow
from app.db.writes import save_network
from app.jobs.queue import cancel, enqueue_analyses
from app.settings import Settings
from benchmarks.large_store import made_up_analysis, save
from benchmarks.large_verdicts import save_ground
from tests.browser.pages_table import addresses
from tests.study_factories import followed
from tests.study_factories import results as study_results

NETWORKS = {
    "xor-pretrained": (COMPLETE, PAPER),
    "alice-and-bob": (COMPLETE, PAPER),
    "xor-or-imp-3-3": (COMPLETE,),
    "majority-3-3": (COMPLETE, PAPER),
}
FURTHER = {
    ("xor-pretrained", "complete"): ("criteria", "common-ground"),
    ("xor-pretrained", "paper"): ("criteria", "common-ground"),
    ("alice-and-bob", "complete"): ("criteria", "common-ground"),
    ("alice-and-bob", "paper"): ("criteria", "common-ground"),
    ("majority-3-3", "paper"): ("criteria", "common-ground"),
}
"""What is looked at beyond the analyses; the rest is called off, for it would take longer than all tests."""
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
    """A dashboard with some bundled networks, analysed by workers that ran until idle, as far as tests look.

    It asks for the browser first, so that nothing is analysed where there is none.
    """
    data = tmp_path_factory.mktemp("dashboard")
    store = open_store(Settings(data=data))
    store.migrate()
    _make_up_a_large_one(store)
    with store.write() as session:
        save_results(session, study_results())
        save_results(session, followed())
        for file in bundled_networks():
            if file.slug in NETWORKS:
                row = save_network(session, file, slug=file.slug, origin=ORIGIN, position=file.position)
                enqueue_analyses(session, row, NETWORKS[file.slug])
                if file.data is not None:
                    save_data_record(session, file.data)
                    enqueue_analyses(session, row, (PAPER,), data=file.data)
    port = _port()
    with _command(data, "serve", "--no-bundled", "--port", str(port)) as server:
        with _command(data, "work", "--workers", "2", "--until-idle") as worker:
            latest = time.monotonic() + 900
            while worker.poll() is None and time.monotonic() < latest:
                _call_off_what_nobody_looks_at(store)
                time.sleep(0.5)
            assert worker.poll() == 0, (data / "work.log").read_text()
        store.close()
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"{url}/health", timeout=5).raise_for_status()
                break
            except httpx.HTTPError:
                late = time.monotonic() > deadline
                assert server.poll() is None and not late, (data / "serve.log").read_text()  # noqa: PT018
                time.sleep(0.1)
        yield Site(url, data)


def _make_up_a_large_one(store: Store) -> None:
    """A network of which only some observed classes are drawn, too many for a mark each."""
    file, analysis = made_up_analysis(3_000, 300)
    save(store, file, analysis)
    save_ground(store, analysis)


def _call_off_what_nobody_looks_at(store: Store) -> None:
    names = {protocol.digest: protocol.name for protocol in (COMPLETE, PAPER)}
    further = select(JobRow).where(JobRow.kind.in_(("criteria", "common-ground")), JobRow.state == "queued")
    unwanted = []
    with store.read() as session:
        slugs = {row.digest: row.slug for row in session.scalars(select(NetworkRow))}
        for job in session.scalars(further):
            about = slugs[job.network_digest], names[job.arguments["protocol"]]
            on_rows_of_its_own = job.arguments["data"] not in ("", clean_data(2).digest, clean_data(3).digest)
            if on_rows_of_its_own or job.kind not in FURTHER.get(about, ()):
                unwanted.append(job.id)
    for job_id in unwanted:
        with suppress(Conflict, OperationalError), store.write() as session:  # done by now, or written to: next time
            cancel(session, job_id)


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
