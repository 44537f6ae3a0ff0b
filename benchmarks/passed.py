"""Count of the code that a request passes through: ``python -m benchmarks.passed --data FOLDER [PATH…]``.

Files and functions of ours that a page calls are what a person must read to follow it. What is made once and kept is no
part of a request, so every page is asked twice, on a copy of the data folder. Without paths it asks for a page of every
kind, of a perceptron and of a transformer. It ends with 1 where one passes through more than is named here.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

from fastapi.testclient import TestClient

from pluriscope.app.main import create_app
from pluriscope.app.settings import Settings

ROOT: Final = Path(__file__).resolve().parents[1]
HOUSE: Final = tuple(f"{ROOT / room}/" for room in ("analysis", "app", "pluriscope"))
Passed = set[tuple[str, str]]
"""Functions, each with the file that it is in."""
_CIRCUIT: Final = r'href="([^"]*/explanations/c-[0-9a-f]+)"'
_MOST: Final = {"circuit": (60, 350), "list": (80, 0), "overview": (80, 0)}
"""Files and functions that a page may pass through; 0 for any number."""


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
    parser.add_argument("--data", type=Path, required=True, help="a folder with an SQLite store that nobody writes to")
    parser.add_argument("--of", nargs=2, default=("xor-pretrained", "indirect-object-2x2"), help="the two networks")
    parser.add_argument("--listed", action="store_true", help="name the files and their functions")
    parser.add_argument("paths", nargs="*")
    given = parser.parse_args()
    too_much = False
    with tempfile.TemporaryDirectory() as folder, passed() as found:
        for file in given.data.glob("pluriscope.sqlite*"):
            shutil.copy(file, folder)
        with TestClient(create_app(Settings(data=Path(folder))), base_url="http://localhost") as client:
            pages = [one for name in given.of for one in _pages(client, name)] if not given.paths else []
            for kind, path in pages or [("", path) for path in given.paths]:
                client.get(path).raise_for_status()
                found.clear()
                client.get(path).raise_for_status()
                files = {name for name, _ in found}
                most = _MOST.get(kind, (0, 0))
                over = any(limit and n > limit for n, limit in zip((len(files), len(found)), most, strict=True))
                too_much |= over
                print(f"{len(files):4} files {len(found):5} functions  {path}{'  TOO MUCH' if over else ''}")
                for name in sorted(files) if given.listed else ():
                    print(f"       {name}: {', '.join(sorted(one for file, one in found if file == name))}")
    return int(too_much)


def _pages(client: TestClient, name: str) -> list[tuple[str, str]]:
    """The kind of each page, and its path."""
    network = f"/networks/{name}"
    listed = f"{network}/explanations?kind=circuit"
    first, second, *_ = dict.fromkeys(re.findall(_CIRCUIT, client.get(listed).raise_for_status().text))
    pages = ["/networks", network, f"{network}/play", f"/search?q={name}"]
    pages.append(f"/compare?network={name}&e={first.rpartition('/')[2]}&e={second.rpartition('/')[2]}")
    found = [("overview" if page == network else "", page) for page in pages]
    return [*found, ("list", listed), ("circuit", second)]


if __name__ == "__main__":
    sys.exit(main())
