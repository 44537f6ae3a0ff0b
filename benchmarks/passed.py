"""Count of the code that a request passes through: ``python -m benchmarks.passed [--data FOLDER] [PATH…]``.

Files and functions of ours that a page calls are what a person must read to follow it. What is made once and kept is no
part of a request, so every page is asked beforehand, on a copy of the data folder. Without a folder it makes a store,
in a quarter of a minute, and keeps it for as long as the engine stays the same. Without paths it asks for a page of
every kind, of a perceptron and of a transformer. It ends with 1 where one passes through more than is named here.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

from fastapi.testclient import TestClient
from sqlalchemy import select

from pluriscope.analysis.questions.protocol import COMPLETE
from pluriscope.analysis.subjects.registry import question_in
from pluriscope.app.bundled import ORIGIN, bundled_models, bundled_networks
from pluriscope.app.db.engine import open_store
from pluriscope.app.db.job_tables import JobRow
from pluriscope.app.db.writes import save_network
from pluriscope.app.jobs.queue import cancel, enqueue_analyses
from pluriscope.app.main import create_app
from pluriscope.app.settings import Settings
from tests.app.jobs.executors import work

ROOT: Final = Path(__file__).resolve().parents[1]
HOUSE: Final = tuple(f"{ROOT / room}/" for room in ("analysis", "app", "pluriscope"))
Passed = set[tuple[str, str]]
"""Functions, each with the file that it is in."""
NETWORKS: Final = ("xor-pretrained", "majority-5-attention")
_JOBS: Final = (("analyse",), ("pair", "common-ground", "rivals"))
"""Kinds of jobs that are done in the store, some after the others."""
_STORED_BY: Final = ("analysis", "app/db", "app/jobs", "migrations", "pluriscope/analyses")
"""Rooms of what is stored."""
_CIRCUIT: Final = r'href="([^"]*/explanations/c-[0-9a-f]+)"'
_MOST: Final = {
    "networks": (41, 208),
    "overview": (70, 320),
    "play": (57, 248),
    "search": (26, 94),
    "compare": (62, 340),
    "list": (61, 289),
    "circuit": (55, 291),
}
"""Files and functions that a page of a kind may pass through."""


def made_store() -> Path:
    """A folder with a store of :data:`NETWORKS`, their circuits and what their overviews show of analyses."""
    digest, kept = hashlib.sha256(), ROOT / ".pytest_cache"
    for path in sorted(path for room in _STORED_BY for path in (ROOT / room).rglob("*.py")):
        digest.update(path.read_bytes())
    made, being_made = (kept / f"passed-{digest.hexdigest()[:16]}{end}" for end in ("", ".being-made"))
    if made.exists():
        return made
    for old in kept.glob("passed-*"):
        shutil.rmtree(old)
    being_made.mkdir(parents=True)
    perceptron, transformer = NETWORKS
    raw = bundled_models()[transformer]
    with closing(open_store(Settings(data=being_made))) as store:
        store.migrate()
        with store.write() as session:
            file = next(one.file for one in bundled_networks() if one.slug == perceptron)
            enqueue_analyses(session, save_network(session, file, slug=perceptron, origin=ORIGIN), [COMPLETE])
            row = save_network(session, raw, slug=transformer, origin=ORIGIN)
            enqueue_analyses(session, row, [question_in(raw).protocol])
        for kinds in _JOBS:
            work(store, kinds)
        with store.write() as session:
            for job in session.scalars(select(JobRow).where(JobRow.state == "queued")):
                cancel(session, job.id)
    return being_made.rename(made)


@contextmanager
def passed() -> Iterator[Passed]:
    """The functions of ours that are called within, in this thread and in those that begin there."""
    found: Passed = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(HOUSE) and code.co_name[0] != "<":  # comprehensions are none
            found.add((code.co_filename.removeprefix(f"{ROOT}/"), code.co_qualname))

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield found
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def main() -> int:
    """Print a line for each page; 1 where one passes through too much."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a folder with an SQLite store that nobody writes to")
    parser.add_argument("--of", nargs=2, default=NETWORKS, help="the two networks")
    parser.add_argument("--listed", action="store_true", help="name the files and their functions")
    parser.add_argument("paths", nargs="*")
    given = parser.parse_args()
    too_much = False
    data = given.data or made_store()
    with tempfile.TemporaryDirectory() as folder, passed() as found:
        for file in data.glob("pluriscope.sqlite*"):
            shutil.copy(file, folder)
        with TestClient(create_app(Settings(data=Path(folder))), base_url="http://localhost") as client:
            pages = [one for name in given.of for one in _pages(client, name)] if not given.paths else []
            for kind, path in pages or [("", path) for path in given.paths]:
                client.get(path).raise_for_status()
                each = list[Passed]()
                for _ in range(2):  # what the server does beside requests now and then is in one of them at most
                    found.clear()
                    client.get(path).raise_for_status()
                    each.append(set(found))
                called = set.intersection(*each)
                files = {name for name, _ in called}
                most = _MOST.get(kind, (len(files), len(called)))
                over = len(files) > most[0] or len(called) > most[1]
                too_much |= over
                print(f"{len(files):4} files {len(called):5} functions  {path}{'  TOO MUCH' if over else ''}")
                for name in sorted(files) if given.listed else ():
                    print(f"       {name}: {', '.join(sorted(one for file, one in called if file == name))}")
    return int(too_much)


def _pages(client: TestClient, name: str) -> list[tuple[str, str]]:
    """The kind of each page, and its path."""
    network = f"/networks/{name}"
    listed = f"{network}/explanations?kind=circuit"
    first, second, *_ = dict.fromkeys(re.findall(_CIRCUIT, client.get(listed).raise_for_status().text))
    return [
        ("networks", "/networks"),
        ("overview", network),
        ("play", f"{network}/play"),
        ("search", f"/search?q={name}"),
        ("compare", f"/compare?network={name}&e={first.rpartition('/')[2]}&e={second.rpartition('/')[2]}"),
        ("list", listed),
        ("circuit", second),
    ]


if __name__ == "__main__":
    sys.exit(main())
