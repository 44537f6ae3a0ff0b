"""``python -m benchmarks.faults``: kill, start again, compare with an undisturbed run."""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select, text

from app.db.engine import store_at
from app.db.job_tables import JobLogRow, JobRow
from benchmarks.faults.installation import ROOT, Installation
from benchmarks.faults.natural import natural_contents

UNFINISHED = ("queued", "running")


@dataclass
class Figures:
    """What happened, and how it ended."""

    kills: Counter[str] = field(default_factory=Counter)
    networks: int = 0
    jobs: int = 0
    ended: dict[str, int] = field(default_factory=dict)
    lost: int = 0  # jobs that the undisturbed run has ended well and this one has not
    ended_twice: int = 0
    taken_up_again: int = 0  # jobs with more than one attempt
    most_attempts: int = 0
    retried_by_hand: int = 0
    differing_rows: dict[str, int] = field(default_factory=dict)
    differing_exports: list[str] = field(default_factory=list)
    rows_compared: int = 0
    left_behind: int = 0  # staged rows after the end
    seconds: float = 0.0
    undisturbed_seconds: float = 0.0
    load: float = 0.0

    @property
    def survived(self) -> bool:
        """Whether the disturbed run is the undisturbed one."""
        return not (self.lost or self.ended_twice or self.differing_rows or self.differing_exports or self.left_behind)


def network_number(number: int) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The n-th network of the workload and the protocols to analyse it under: a bundled one, its weights shaken.

    Most are 2-2-2-1, whose jobs are short; every fourth is a 2-3-3-1, and every eighth has the whole circuit space
    searched and all of its explanations surveyed, which takes longest.
    """
    bundled = "xor-pretrained" if number % 4 == 3 else "xor-2-2-2"
    protocols = ("complete", "paper") if number % 8 == 2 else ("paper",)
    document: dict[str, Any] = json.loads((ROOT / "app" / "bundled" / f"{bundled}.json").read_text())
    random_numbers = np.random.default_rng(number)
    for name in ("weights", "biases"):
        layers = [np.asarray(layer, dtype=np.float64) for layer in document[name]]
        document[name] = [(one + 0.02 * random_numbers.standard_normal(one.shape)).tolist() for one in layers]
    return {**document, "name": f"Shaken XOR {number}"}, protocols


def feed(installation: Installation, number: int) -> None:
    """Bring the n-th network in, and ask for its analyses."""
    document, protocols = network_number(number)
    made = installation.ask("POST", "/api/v1/networks", document)
    for protocol in protocols:
        installation.ask("POST", f"/api/v1/networks/{made['slug']}/analyses", {"protocol": protocol, "output": 0})


def waiting(installation: Installation) -> tuple[int, list[str]]:
    """How many jobs are not ended, and the ids of those that were set aside."""
    counts = installation.ask("GET", "/api/v1/jobs?limit=1")["counts"]
    failed = installation.ask("GET", "/api/v1/jobs?state=failed&limit=200")["items"] if counts.get("failed") else []
    return sum(counts.get(state, 0) for state in UNFINISHED), [job["id"] for job in failed if job["set_aside"]]


def disturbed(installation: Installation, asked: argparse.Namespace, figures: Figures) -> None:
    """Feed and kill until enough was killed, then let the rest end."""
    installation.start_all()
    enough, over = threading.Event(), threading.Event()
    feeder = threading.Thread(
        target=_feed_until, args=(installation, asked.waiting, enough, over, figures), daemon=True
    )
    feeder.start()
    chance = random.Random(asked.seed)  # noqa: S311  to be the same each time
    workers = [name for name in installation.commands if name != "server"]
    while figures.kills.total() < asked.kills:
        time.sleep(chance.uniform(0.02, asked.longest))
        target = chance.choices(["server", "worker", "computing process"], [1, 2, 2])[0]
        name = "server" if target == "server" else chance.choice(workers)
        # one that is still starting holds nothing yet: to kill it again would prove little
        if target == "server" and not installation.answers():
            continue
        if target != "server" and not installation.computing(name):
            continue
        if target == "computing process":
            figures.kills[target] += installation.kill_computing(name)
        elif installation.kill(name):
            figures.kills[target] += 1
            installation.start(name)
        print(
            f"\r{figures.kills.total()} of {asked.kills} killed, {figures.networks} networks", end="", file=sys.stderr
        )
        if not feeder.is_alive():
            raise RuntimeError("nobody brings networks any more; see the output above")
    enough.set()
    while not over.wait(1):
        if not feeder.is_alive():
            raise RuntimeError("nobody waits for the end any more; see the output above")


def _feed_until(
    installation: Installation, fewest: int, enough: threading.Event, over: threading.Event, figures: Figures
) -> None:
    """Keep some jobs waiting, and try again what was set aside, until enough was killed and everything has ended."""
    while True:
        n_waiting, set_aside = waiting(installation)
        for job in set_aside:
            installation.ask("POST", f"/api/v1/jobs/{job}/retry")
            figures.retried_by_hand += 1
        if enough.is_set() and not n_waiting and not set_aside:
            over.set()
            return
        if not enough.is_set() and n_waiting < fewest:
            feed(installation, figures.networks)
            figures.networks += 1
        else:
            time.sleep(0.5)


def undisturbed(installation: Installation, figures: Figures) -> None:
    """The same networks, and nobody is killed."""
    installation.start_all()
    for number in range(figures.networks):
        feed(installation, number)
    while waiting(installation)[0]:
        time.sleep(0.5)


def exports(installation: Installation) -> dict[str, str]:
    """The result files that the server gives, timings apart."""
    found = {}
    for item in installation.ask("GET", "/api/v1/networks?limit=200")["items"]:
        network = item["network"]
        number = int(network["name"].rsplit(" ", 1)[1])
        for protocol in network_number(number)[1]:
            document = installation.ask("GET", f"/api/v1/networks/{network['slug']}/result?protocol={protocol}")
            document.pop("seconds", None)
            found[f"{network['slug']} {protocol}"] = json.dumps(document, sort_keys=True)
    return found


def compare(one: Installation, other: Installation, figures: Figures) -> None:
    """Hold the disturbed store against the undisturbed one."""
    stores = [store_at(f"sqlite:///{each.folder / 'data' / 'pluriscope.sqlite'}") for each in (one, other)]
    contents = []
    for store in stores:
        with store.reader.connect() as connection:
            contents.append(natural_contents(connection))
    figures.rows_compared = sum(rows.total() for rows in contents[0].values())
    for name in sorted(contents[0].keys() | contents[1].keys()):
        mine, theirs = (found.get(name, Counter()) for found in contents)
        if mine != theirs:
            figures.differing_rows[name] = (mine - theirs).total() + (theirs - mine).total()
    states = []
    for store in stores:
        with store.read() as session:
            states.append({row.id: row.state for row in session.scalars(select(JobRow))})
    figures.jobs, figures.ended = len(states[0]), dict(Counter(states[0].values()))
    figures.lost = sum(states[0].get(job) != state for job, state in states[1].items())
    with stores[0].read() as session:
        for row in session.scalars(select(JobRow)):
            lines = session.scalars(select(JobLogRow.message).where(JobLogRow.job_id == row.id)).all()
            figures.ended_twice += lines.count(row.found or row.state) > 1
            figures.taken_up_again += row.attempts > 1
            figures.most_attempts = max(figures.most_attempts, row.attempts)
        for table in ("analyses", "verdicts"):
            query = text(f"SELECT count(*) FROM {table} WHERE staged <> ''")  # noqa: S608  names are ours
            figures.left_behind += session.scalar(query) or 0
    for store in stores:
        store.close()


def main(arguments: list[str] | None = None) -> int:
    """Run; 0 if everything was survived."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="SIGKILLs to deliver (100)")
    parser.add_argument("--seed", type=int, default=0, help="of the moments and the victims (0)")
    parser.add_argument("--workers", type=int, default=4, help="worker processes (4)")
    parser.add_argument("--longest", type=float, default=5.0, help="longest pause before a kill, in seconds (5)")
    parser.add_argument("--waiting", type=int, default=8, help="import a network while fewer jobs wait (8)")
    parser.add_argument("--lease", type=float, default=3.0, help="lease in seconds (3)")
    parser.add_argument("--folder", type=Path, help="work there and keep it; else in a folder that is deleted")
    parser.add_argument("--json", type=Path, help="write the figures there")
    asked = parser.parse_args(arguments)
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="pluriscope-faults-"))
    figures = Figures()
    options = {"workers": asked.workers, "lease_seconds": asked.lease}
    one, other = Installation(folder / "disturbed", **options), Installation(folder / "undisturbed", **options)
    try:
        begun = time.monotonic()
        disturbed(one, asked, figures)
        figures.seconds = time.monotonic() - begun
        print(file=sys.stderr)
        begun = time.monotonic()
        undisturbed(other, figures)
        figures.undisturbed_seconds = time.monotonic() - begun
        mine, theirs = exports(one), exports(other)
        figures.differing_exports = sorted(k for k in mine.keys() | theirs.keys() if mine.get(k) != theirs.get(k))
    finally:
        one.close()
        other.close()
    compare(one, other, figures)
    figures.load = os.getloadavg()[2]
    told = {**asdict(figures), "kills": dict(figures.kills), "survived": figures.survived}
    print(json.dumps(told, indent=1))
    if asked.json:
        asked.json.write_text(json.dumps(told, indent=1) + "\n")
    if not asked.folder:
        shutil.rmtree(folder, ignore_errors=True)
    print(
        f"{figures.kills.total()} kills, {figures.jobs} jobs, {'all survived' if figures.survived else 'NOT survived'}"
    )
    return 0 if figures.survived else 1


if __name__ == "__main__":
    sys.exit(main())
