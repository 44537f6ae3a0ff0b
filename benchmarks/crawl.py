"""``python -m benchmarks.crawl``: a server's private memory, and how long answers take, while clients follow links.

    python -m benchmarks.crawl --pages 20000 --clients 4     on a new store with the bundled networks, analysed first
    python -m benchmarks.crawl --data data --minutes 60      on a copy of a data folder, for so long
    python -m benchmarks.crawl --clients 20 --pages 2000 --work    what twenty visitors wait for beside a worker

What leads to another page is kept. Every client asks for an address that none has asked for, of the kind of page that
was asked for least: so pages of every kind come early, however many there are of one. Writes
``crawl.csv`` (seconds, pages, megabytes), ``answers.csv`` (seconds, status, address; slowest first) and ``crawl.svg``
into the folder ``--output``. With more than 250 MB, or answers later than :data:`MOST_SECONDS`, it ends with 1.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import re
import subprocess
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Sequence
from html import unescape
from pathlib import Path
from typing import Final
from urllib.parse import urldefrag, urljoin

import httpx

from benchmarks.own_server import COMMAND, OwnServer, server_on_copy
from pluriscope.figures.standalone import standalone_svg
from pluriscope.figures.svg.elements import drawing, line, text

MOST_MEGABYTES: Final = 250.0
MOST_SECONDS: Final = {50: 0.3, 95: 1.0, 100: 3.0}
"""Within how many seconds so many per cent of the answers are there, to twenty clients on two cores that are quiet."""
_LINK: Final = re.compile(r'href="([^"#]+)')
_LEFT_OUT: Final = re.compile(r"/(static|api|logout)|\.(csv|svg|png|pdf|json|zip)\b|/embed")
_SECONDS: Final = 5.0  # between two looks at memory
_MOST_WAITING: Final = 200_000


def private_megabytes(process: int) -> float:
    """Memory that a process and those it started share with nobody else."""
    pages = 0
    for own in (process, *_children(process)):
        text = Path(f"/proc/{own}/smaps_rollup").read_text()
        pages += sum(int(n) for n in re.findall(r"^Private_(?:Clean|Dirty):\s+(\d+)", text, re.MULTILINE))
    return pages / 1024


def _children(process: int) -> list[int]:
    listed = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [int(one) for one in listed]


def kind_of(path: str) -> str:
    """An address without what names one thing among its like: names of networks, numbers, ids, values of options."""
    where, _, options = path.partition("?")
    parts = where.split("/")
    words = [
        "*" if part.isdecimal() or re.search(r"\d", part) or before == "networks" else part
        for before, part in zip(["", *parts], parts, strict=False)
    ]
    return "/".join(words) + "?" + "&".join(sorted({one.split("=")[0] for one in options.split("&")}))


class Crawl:
    """Addresses that wait and that were asked for, shared by clients.

    Args:
        server: that is asked.
        pages: how many, at most.
        until: by :func:`time.monotonic`.
    """

    def __init__(self, server: OwnServer, pages: int, until: float) -> None:
        self._server, self._pages, self._until = server, pages, until
        self._waiting: dict[str, deque[str]] = {"/": deque(["/"])}
        self._known, self._lock = {"/"}, threading.Lock()
        self._asked_of = Counter[str]()
        self.asked, self.answers = 0, list[tuple[float, int, str]]()

    def over(self) -> bool:
        """Whether enough was asked."""
        return self.asked >= self._pages or time.monotonic() > self._until

    def client(self) -> None:
        """Ask until it is over."""
        with httpx.Client(base_url=self._server.url, timeout=120) as client:
            while not self.over():
                with self._lock:
                    path = self._next()
                    self.asked += path is not None
                if path is None:
                    time.sleep(0.1)
                    continue
                begun = time.monotonic()
                answer = client.get(path)
                with self._lock:
                    self.answers.append((time.monotonic() - begun, answer.status_code, path))
                    if answer.headers.get("content-type", "").startswith("text/html"):
                        self._keep(answer)

    def _next(self) -> str | None:
        kinds = [kind for kind, paths in self._waiting.items() if paths]
        kind = min(kinds, key=self._asked_of.__getitem__, default=None)
        if kind is None:
            return None
        self._asked_of[kind] += 1
        return self._waiting[kind].popleft()

    def _keep(self, answer: httpx.Response) -> None:
        for href in _LINK.findall(answer.text):
            url = urldefrag(urljoin(str(answer.url), unescape(href)))[0]
            if not url.startswith(self._server.url) or _LEFT_OUT.search(url) or len(self._known) >= _MOST_WAITING:
                continue
            path = url.removeprefix(self._server.url)
            if path not in self._known:
                self._known.add(path)
                self._waiting.setdefault(kind_of(path), deque()).append(path)


def crawled(
    server: OwnServer, clients: int, pages: int, minutes: float, *, quiet: bool = False
) -> tuple[list[tuple[float, int, float]], list[tuple[float, int, str]]]:
    """Seconds, pages and megabytes, every five seconds, until so many pages or minutes are over; then every answer's
    seconds, status and address, slowest first.
    """
    crawl, begun = Crawl(server, pages, time.monotonic() + 60 * minutes), time.monotonic()
    threads = [threading.Thread(target=crawl.client, daemon=True) for _ in range(clients)]
    found = []
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        row = time.monotonic() - begun, crawl.asked, private_megabytes(server.process.pid)
        found.append(row)
        if not quiet:
            print(f"{row[0]:7.0f} s {row[1]:8,} pages {row[2]:7.1f} MB", flush=True)
        for thread in threads:
            thread.join(_SECONDS / clients)
    return found, sorted(crawl.answers, reverse=True)


def beside(server: OwnServer, slow: str, clients: int, path: str, times: int) -> tuple[list[float], Counter[int]]:
    """Time answers while clients ask for what is computed, each at once again.

    Args:
        slow: what they ask for; ``{}`` stands for a number that none has asked for.
        path: what is asked for meanwhile.
        times: how often.

    Returns:
        The seconds of each, longest first, and how many of the clients' answers had which status.
    """
    got, numbers, over = Counter[int](), itertools.count(), threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=server.url, timeout=120) as client:
            while not over.is_set():
                got[client.get(slow.format(next(numbers))).status_code] += 1

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    seconds = []
    with httpx.Client(base_url=server.url, timeout=120) as client:
        for _ in range(times):
            time.sleep(0.2)
            begun = time.monotonic()
            client.get(path).raise_for_status()
            seconds.append(time.monotonic() - begun)
    over.set()
    for thread in threads:
        thread.join()
    return sorted(seconds, reverse=True), got


def _within(answers: Sequence[tuple[float, int, str]], share: int) -> float:
    """The seconds within which so many per cent of the answers were there."""
    return answers[int((1 - share / 100) * len(answers))][0]


def _words(answers: Sequence[tuple[float, int, str]]) -> str:
    """Summary of how long answers took, and of their statuses."""
    by_status = ", ".join(f"{n:,} with {status}" for status, n in sorted(Counter(one[1] for one in answers).items()))
    within = ", ".join(f"{share}% within {_within(answers, share):.2f} s" for share in (50, 95, 99))
    return f"{by_status}; {within}, the slowest {answers[0][0]:.2f} s: {answers[0][2]}"


def plot(rows: Sequence[tuple[float, int, float]]) -> str:
    """Megabytes by pages, with the bound."""
    most = max(MOST_MEGABYTES, *(row[2] for row in rows)) * 1.1
    last = max(row[1] for row in rows) or 1
    at = [(60 + 500 * n / last, 230 - 200 * megabytes / most) for _, n, megabytes in rows]
    bound = 230 - 200 * MOST_MEGABYTES / most
    body = line(60, 230, 560, 230, "fi-grid") + line(60, bound, 560, bound, "fi-ref")
    body += f'<path class="fi-line" d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in at)}"/>'
    body += text(54, bound + 4, "250 MB", "fi-small", anchor="end") + text(
        560, 248, f"{last:,} pages", "fi-small", anchor="end"
    )
    body += text(566, at[-1][1] + 4, f"{rows[-1][2]:.0f}", "fi-text b")
    return drawing(600, 260, body, sentence="Private memory of a server while its pages are crawled.", css_class="fig")


def main(arguments: list[str] | None = None) -> int:
    """Crawl, write, judge."""
    parser = argparse.ArgumentParser(prog="benchmarks.crawl", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--data", type=Path, help="data folder whose copy is served")
    parser.add_argument("--pages", type=int, default=20_000)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--work", action="store_true", help="with a worker beside the server")
    parser.add_argument("--output", type=Path, default=Path())
    given = parser.parse_args(arguments)
    with server_on_copy(given.data) as server:
        worker = subprocess.Popen([*COMMAND, "work"], env=server.environment) if given.work else None
        rows, answers = crawled(server, given.clients, given.pages, given.minutes)
        if worker is not None:
            worker.terminate()
            worker.wait(60)
    print(_words(answers))
    given.output.mkdir(parents=True, exist_ok=True)
    with (given.output / "crawl.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("seconds", "pages", "megabytes"), *rows])
    with (given.output / "answers.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("seconds", "status", "address"), *answers])
    (given.output / "crawl.svg").write_text(standalone_svg(plot(rows)))
    late = any(_within(answers, share) > seconds for share, seconds in MOST_SECONDS.items())
    return int(late or max(row[2] for row in rows) > MOST_MEGABYTES)


if __name__ == "__main__":
    sys.exit(main())
