"""How long a whole store takes to move, to back up while others write, and to restore; with the proofs of equality.

    python -m benchmarks.upkeep FILE            # a SQLite store, which is copied first and not touched

Moves a copy of the store into a throw-away PostgreSQL server (Debian's package ``postgresql``) and back, and backs it
up while a writer commits as fast as it can. Every line names what was compared.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from app.db.backup import back_up, restore, verify
from app.db.content import contents, whole_digest
from app.db.engine import Store, store_at
from app.db.moving import move
from app.db.tables import ShortLinkRow
from tests.postgresql import running_server


@dataclass
class Writer:
    """Commits one small row after the other, and keeps how long each took."""

    store: Store
    seconds: list[float] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Writer:
        self._thread = threading.Thread(target=self._write)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _write(self) -> None:
        from datetime import UTC, datetime

        n = 0
        while not self._stop.is_set():
            n += 1
            began = time.monotonic()
            with self.store.write() as session:
                session.add(ShortLinkRow(key=f"bench{n}", address=f"/?n={n}", created_at=datetime.now(UTC)))
            self.seconds.append(time.monotonic() - began)
            self._stop.wait(0.005)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="a SQLite store")
    file = parser.parse_args().file
    with tempfile.TemporaryDirectory() as name, running_server() as server:
        folder = Path(name)
        with closing(store_at(f"sqlite:///{file}")) as given:
            back_up(given, folder / "given.backup")
        url = f"sqlite:///{folder / 'store.sqlite'}"
        restore(folder / "given.backup", url)
        store, there, back = store_at(url), store_at(server.database(empty=True)), store_at(f"{url}.back")
        size = (folder / "store.sqlite").stat().st_size
        with store.reader.connect() as connection:
            before = contents(connection)
        rows = sum(content.rows for content in before.values())
        print(f"store: {rows:,} rows of {len(before)} tables, {size / 1e6:.1f} MB, digest {whole_digest(before)}")
        there.migrate()
        back.migrate()
        for title, source, target in (("SQLite → PostgreSQL", store, there), ("PostgreSQL → SQLite", there, back)):
            began = time.monotonic()
            moved = move(source, target, even_if_running=True)
            equal = "equal" if moved.tables == before else "DIFFERENT"
            print(f"{title}: {time.monotonic() - began:.1f} s, digest {moved.digest}: {equal}")
        for title, one in (("SQLite", store), ("PostgreSQL", there)):
            target = folder / f"{title}.backup"
            with Writer(one) as writer:
                time.sleep(0.5)
                idle, began = len(writer.seconds), time.monotonic()
                manifest = back_up(one, target)
                took = time.monotonic() - began
            during = sorted(writer.seconds[idle:])
            links = manifest.tables["short_links"].rows
            print(
                f"backup of {title} while {len(during)} transactions were committed: {took:.1f} s; "
                f"they took {during[len(during) // 2] * 1e3:.1f} ms in the middle, {during[-1] * 1e3:.0f} ms at most; "
                f"it holds {links} of {links + len(during)} links"
            )
            began = time.monotonic()
            assert verify(target) == manifest
            print(f"  verified: {time.monotonic() - began:.1f} s")
            began = time.monotonic()
            restored = restore(target, f"sqlite:///{folder / title}.restored.sqlite")
            print(f"  restored and upgraded: {time.monotonic() - began:.1f} s, digest {restored.manifest.digest}")
        for one in (store, there, back):
            one.close()


if __name__ == "__main__":
    main()
