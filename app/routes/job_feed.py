"""Jobs as they go on, for any number of readers: one look at the store tells all of them.

While somebody follows a job, a task of the server looks twice a second at the jobs that are followed, all in one
statement, builds the page of each that has changed, and hands it to everybody who follows it. So fifty open pages cost
what one costs, and what is sent is what the page itself would show.

A slow reader gets the newest state and never a queue of old ones.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Final

from starlette.concurrency import run_in_threadpool

from app.addressing import Addresses
from app.db.engine import Store
from app.db.errors import NotFound
from app.db.reads.jobs import Mark, marks_of
from app.pages.jobs import JobPage, build_job

LOOK_SECONDS: Final = 0.5
ALIVE_SECONDS: Final = 10.0  # a reader who hears nothing for longer takes the stream for dead and polls
LONGEST_SECONDS: Final = 1800.0  # then the reader connects again: no stream outlives a change of servers for ever
EACH: Final = 24  # streams to one client address: browsers open six to a host


@dataclass(eq=False)
class _Follower:
    """One reader of one job."""

    job_id: str
    newest: JobPage | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)
    failed: bool = False


class JobFeed:
    """The jobs that are followed in this process.

    Args:
        addresses: for what pages link to.
        most: streams at once.
        seconds: between two looks.
    """

    def __init__(self, addresses: Addresses, *, most: int, seconds: float = LOOK_SECONDS) -> None:
        self.addresses, self.most, self.seconds = addresses, most, seconds
        self.n_looks = 0  # for measuring what readers cost
        self.n_written = 0  # likewise
        self._written: dict[tuple[str, Hashable], tuple[JobPage, str]] = {}
        self._followers: set[_Follower] = set()
        self._clients: Counter[str] = Counter()
        self._task: asyncio.Task[None] | None = None

    def has_room(self, client: str) -> bool:
        """Whether another stream may be opened to this client."""
        return self.n_streams < self.most and (self._clients[client] < EACH or _is_loopback(client))

    @contextmanager
    def place(self, client: str) -> Iterator[None]:
        """Count a stream for as long as it is open."""
        self._clients[client] += 1
        try:
            yield
        finally:
            self._clients[client] -= 1
            if not self._clients[client]:
                del self._clients[client]

    @property
    def n_streams(self) -> int:
        """Streams that are open."""
        return self._clients.total()

    def text_of(self, page: JobPage, form: Hashable, write: Callable[[JobPage], str]) -> str:
        """A page as text, written once for all who are sent it in the same form.

        Args:
            page: as :meth:`follow` yields it.
            form: what the text depends on beside the page.
            write: writes it.
        """
        last = self._written.get((page.id, form))
        if last is None or last[0] is not page:
            last = self._written[page.id, form] = page, write(page)
            self.n_written += 1
        return last[1]

    async def follow(self, store: Store, job_id: str) -> AsyncIterator[JobPage | None]:
        """The page of a job now, and again whenever it has changed, until the job has ended or is gone.

        Yields:
            The page; None when there was nothing to tell for a while, as a sign of life.
        """
        follower = _Follower(job_id)
        self._followers.add(follower)
        if self._task is None or self._task.done() or self._task.get_loop() is not asyncio.get_running_loop():
            self._task = asyncio.create_task(self._watch(store))
        leave_at = asyncio.get_running_loop().time() + LONGEST_SECONDS
        try:
            while asyncio.get_running_loop().time() < leave_at:
                try:
                    await asyncio.wait_for(follower.news.wait(), ALIVE_SECONDS)
                except TimeoutError:
                    yield None
                    continue
                follower.news.clear()
                if follower.failed or follower.newest is None:
                    return
                yield follower.newest
                if follower.newest.ended:
                    return
        finally:
            self._followers.discard(follower)

    async def _watch(self, store: Store) -> None:
        """Look until nobody follows any more; a look that fails ends the streams, and their readers poll."""
        marks: dict[str, Mark] = {}
        pages: dict[str, JobPage | None] = {}
        try:
            while self._followers:
                watched = {follower.job_id for follower in self._followers}
                marks = {job_id: mark for job_id, mark in marks.items() if job_id in watched}
                changed = await run_in_threadpool(_look, store, self.addresses, watched, marks)
                self.n_looks += 1
                for job_id, (mark, page) in changed.items():
                    marks[job_id], pages[job_id] = mark, page
                for follower in self._followers:
                    known = pages.get(follower.job_id)
                    if follower.job_id in watched and (follower.newest is not known or known is None):
                        follower.newest = known
                        follower.news.set()
                pages = {job_id: page for job_id, page in pages.items() if job_id in watched}
                self._written = {key: text for key, text in self._written.items() if key[0] in watched}
                await asyncio.sleep(self.seconds)
        finally:
            self._written.clear()
            for follower in self._followers:
                follower.failed = True
                follower.news.set()


def _look(
    store: Store, addresses: Addresses, watched: set[str], known: Mapping[str, Mark]
) -> dict[str, tuple[Mark, JobPage | None]]:
    """The pages of those jobs that are no longer as they were known; None for one that is gone."""
    now = datetime.now(UTC)
    changed: dict[str, tuple[Mark, JobPage | None]] = {}
    with store.read() as session:
        marks = marks_of(session, watched, now)
        for job_id in watched:
            mark = marks.get(job_id, ())
            if known.get(job_id) != mark:
                try:
                    changed[job_id] = mark, build_job(session, addresses, job_id, now)
                except NotFound:
                    changed[job_id] = mark, None
    return changed


def _is_loopback(client: str) -> bool:
    """Whether a client's address is this machine's: a proxy here stands for everybody behind it."""
    try:
        return ip_address(client).is_loopback
    except ValueError:
        return False
