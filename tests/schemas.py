"""A small real store of each release since the last 0.2, and how one is kept.

``tests/fixtures/schemas/NNNN.sql.gz`` is a store as the program of that time left it: a perceptron and a transformer,
their analyses, verdicts and whatever else ran behind them. It is never made again: that is what makes it a witness.

Before a release, keep one, with the program as it is committed beside it::

    python -m tests.schemas

which imports both networks into an empty store, lets a worker finish all jobs, and writes a dump.
"""

from __future__ import annotations

import gzip
import json
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

FOLDER = Path(__file__).parent / "fixtures" / "schemas"
SLUG = "kept-and"
TRANSFORMER = "majority-5-attention"
NETWORK = {
    "format": "pluriscope-network/1",
    "name": "Kept AND",
    "sizes": [2, 3, 1],
    "weights": [[[1.0, 1.0], [1.0, 1.0], [0.5, 1.0]], [[0.6, 0.6, 0.3]]],
    "biases": [[-1.0, -1.0, -0.5], [0.0]],
    "activation": "relu",
    "output_activation": "linear",
    "tasks": [{"name": "AND", "truth_table": [0, 0, 0, 1]}],
}


def kept() -> list[str]:
    """The revisions that have a store here."""
    return sorted(path.name.removesuffix(".sql.gz") for path in FOLDER.glob("*.sql.gz"))


def unpack(revision: str, file: Path) -> None:
    """Make the kept store of a revision anew as a SQLite database."""
    statements = gzip.decompress((FOLDER / f"{revision}.sql.gz").read_bytes()).decode()
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(statements)


def pack(file: Path) -> Path:
    """Keep a store as that of its revision; byte for byte the same for the same store."""
    with closing(sqlite3.connect(file)) as connection:
        (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        dump = "".join(f"{line}\n" for line in connection.iterdump())
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{revision}.sql.gz"
    path.write_bytes(gzip.compress(dump.encode(), 9, mtime=0))
    return path


def make(folder: Path) -> Path:
    """A store with everything that the program of today finds out about two small networks; returns its file."""
    from pluriscope.analysis.network_files.files import parse_network_file
    from pluriscope.analysis.questions.protocol import COMPLETE, PAPER
    from pluriscope.app.bundled import bundled_models
    from pluriscope.app.db.codecs import graph_question
    from pluriscope.app.db.engine import open_store
    from pluriscope.app.db.writes import save_network
    from pluriscope.app.jobs.queue import enqueue_analyses
    from pluriscope.app.jobs.worker import run_workers
    from pluriscope.app.settings import Settings

    settings = Settings(data=folder, database_url="", workers=1)
    store = open_store(settings)
    store.migrate()
    with store.write() as session:
        row = save_network(session, parse_network_file(json.dumps(NETWORK).encode()))
        enqueue_analyses(session, row, [COMPLETE, PAPER])
        transformer = save_network(session, bundled_models()[TRANSFORMER])
        enqueue_analyses(session, transformer, [graph_question(transformer, "heads").protocol])
    store.close()
    run_workers(settings, slots=1, until_idle=True)
    return folder / "pluriscope.sqlite"


if __name__ == "__main__":
    from pluriscope.app.db.engine import newest_revision

    if newest_revision() in kept():
        sys.exit(f"the store of revision {newest_revision()} is kept already; it is a witness and is not made again")
    with tempfile.TemporaryDirectory() as name:
        made = pack(make(Path(name)))
        sys.stdout.write(f"{made} ({made.stat().st_size:,} bytes)\n")
