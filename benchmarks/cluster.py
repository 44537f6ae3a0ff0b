"""``python -m benchmarks.cluster``: what a dask cluster takes beside the work, over a network that delays each message.

A scheduler and workers of this machine stand behind a proxy each: what passes it arrives five milliseconds later, both
ways. Every worker has loaded what it needs before. The work's seconds of the processor are those of the threads that
compute chunks. What the scheduler, the workers and whoever asks take more is beside the work, except for writing parts,
which a run without a cluster does, too.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, Final

from benchmarks.own_server import ROOT
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.progress import silent
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.processes.memory import held
from pluriscope_bench.suite_files import SMALL, SuiteFolder, bundled_design
from pluriscope_bench.suite_making import make_networks
from pluriscope_studies.analysis.cells import cells_of
from pluriscope_studies.analysis.design import StudyDesign
from pluriscope_studies.analysis.reading import design_from_mapping
from pluriscope_studies.analysis.running import run_chunk
from pluriscope_studies.cluster import QUIET, Workers, cluster_workers
from pluriscope_studies.commands.study_folder import study_folder
from pluriscope_studies.jobs.run import run_chunks

DELAY_SECONDS: Final = 0.005
N_WORKERS: Final = 4
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Computed:
    """One chunk, as its worker saw it.

    Args:
        process: number of the worker's process.
        begun, ended: by the machine's clock.
        processor: seconds of the thread that computed it.
    """

    process: int
    begun: float
    ended: float
    processor: float


@dataclass(frozen=True)
class Overhead:
    """What a run took beside its work.

    Args:
        chunks: in which they were made.
        beside: seconds of the processor beside the work, by who took them.
        scheduler_bytes: most memory of the scheduler.
    """

    chunks: Sequence[Computed]
    beside: Mapping[str, float]
    scheduler_bytes: int

    def shares(self) -> tuple[float, float, float]:
        """Processor seconds beside the work, of the work's; then time in which workers had nothing to do, of the time
        in which they computed: between two chunks, and at the end until the last one was done.
        """
        order = sorted(self.chunks, key=lambda one: (one.process, one.begun))
        own = [list(chunks) for _, chunks in groupby(order, lambda one: one.process)]
        computed, last = sum(one.ended - one.begun for one in order), max(one.ended for one in order)
        between = sum(b.begun - a.ended for chunks in own for a, b in pairwise(chunks))
        at_end = sum(last - chunks[-1].ended for chunks in own)
        processor = sum(self.beside.values()) / sum(one.processor for one in order)
        return processor, between / computed, at_end / computed

    def __str__(self) -> str:
        processor, between, at_end = self.shares()
        idle = f"idle {between:.1%} between chunks, {at_end:.1%} at the end"
        return f"{processor:.1%} of the processor; {idle}; scheduler {self.scheduler_bytes / 1e6:.0f} MB"


def noted(
    make: Callable[..., list[Any]], cell: int, seeds: Sequence[int], files: Mapping[int, bytes] | None, work: Work
) -> list[Any]:
    """What is made of a chunk, with :class:`Computed` behind it; this is sent to workers."""
    begun, processor = time.time(), time.thread_time()
    made = make(cell, seeds, files, work)
    return [*made, Computed(os.getpid(), begun, time.time(), time.thread_time() - processor)]


@dataclass(frozen=True)
class Cluster:
    """A cluster of this machine.

    Args:
        workers: to send chunks to.
        processes: of the scheduler, and of the workers.
    """

    workers: Workers
    processes: Mapping[str, Sequence[int]]

    def overhead(
        self,
        names: Sequence[str],
        seeds: Sequence[Sequence[int]],
        make: Callable[..., list[Any]],
        save: Callable[[list[Any]], None],
    ) -> Overhead:
        """Make networks, and measure what that takes beside the work.

        Args:
            names, seeds, make, save: as of :func:`pluriscope_studies.jobs.run.run_chunks`.

        Raises:
            RuntimeError: a network could not be made.
        """
        chunks, in_save = list[Computed](), 0.0

        def take(made: list[Any]) -> None:
            nonlocal in_save
            chunks.append(made.pop())
            begun = time.thread_time()
            save(made)
            in_save += time.thread_time() - begun

        before = self._processor()
        problems = run_chunks(names, seeds, 0, partial(noted, make), self.workers, take, silent, Limits())
        if problems:
            raise RuntimeError(problems[0])
        beside = {who: seconds - before[who] for who, seconds in self._processor().items()}
        beside["workers"] -= sum(one.processor for one in chunks)
        beside["who asks"] -= in_save
        return Overhead(chunks, beside, held(self.processes["scheduler"][0], at_most=True))

    def _processor(self) -> dict[str, float]:
        """Seconds of the processor until now, by who took them."""
        taken = {who: sum(map(_processor_seconds, numbers)) for who, numbers in self.processes.items()}
        return taken | {"who asks": time.process_time()}


def _processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """A scheduler and workers, each behind a proxy, that have loaded what they need."""
    from distributed import Client

    own, shown = _free_ports(1 + N_WORKERS), _free_ports(1 + N_WORKERS)
    proxies = multiprocessing.get_context("spawn").Process(target=delay, args=(own, shown), daemon=True)
    address, *contacts = [f"tcp://127.0.0.1:{port}" for port in shown]
    with ExitStack() as stack:
        proxies.start()
        stack.callback(proxies.terminate)
        begin = partial(_begin, stack, folder)
        scheduler = begin("scheduler", "--host", f"tcp://127.0.0.1:{own[0]}")
        workers = [
            begin(*("worker", address, "--nthreads", "1", "--no-nanny"),
                  *("--listen-address", f"tcp://127.0.0.1:{port}", "--contact-address", contact))
            for port, contact in zip(own[1:], contacts, strict=True)
        ]  # fmt: skip
        with Client(address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(N_WORKERS, timeout=120)
            client.run(load)
            begun = time.monotonic()
            there = set(client.nthreads())
            if time.monotonic() - begun < 2 * DELAY_SECONDS or there != set(contacts):
                raise RuntimeError("the proxies delay nothing")
        found = stack.enter_context(cluster_workers(address))
        yield Cluster(found, {"scheduler": [scheduler], "workers": workers})


def _free_ports(n: int) -> list[int]:
    with ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(n)]
        return [server.getsockname()[1] for server in servers]


def _begin(stack: ExitStack, folder: Path, *arguments: str) -> int:
    """Start a program of dask until the stack is left; its process's number."""
    path = os.pathsep.join([str(ROOT), *map(str, ROOT.glob("plugins/*/")), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", **QUIET}
    command = [sys.executable, "-m", "dask", *arguments, "--no-dashboard"]
    process = subprocess.Popen(command, cwd=folder, env=environment, stderr=subprocess.DEVNULL)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    return process.pid


def delay(own: Sequence[int], shown: Sequence[int]) -> None:
    """Hand on what comes to ports that are shown to those that programs listen to, and the other way, later; no end."""

    async def hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        with suppress(ConnectionError):
            while piece := await reader.read(1 << 20):
                loop.call_later(DELAY_SECONDS, writer.write, piece)
        loop.call_later(DELAY_SECONDS, writer.close)

    async def connected(to: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", to)
        except ConnectionError:  # not started yet, or ended
            writer.close()
            return
        await asyncio.gather(hand_on(reader, back), hand_on(there, writer))

    async def serve() -> None:
        for to, port in zip(own, shown, strict=True):
            await asyncio.start_server(partial(connected, to), "127.0.0.1", port)
        await asyncio.Event().wait()

    asyncio.run(serve())


def load() -> None:
    """Make a network of the study and one of the suite, which loads what both need."""
    run_chunk(study(1), 0, [1_000_000])
    folder = SuiteFolder(Path(), bundled_design(), SMALL)
    cell = next(number for number, seeds in enumerate(folder.seeds) if seeds)
    make_networks(folder.design, cell, folder.seeds[cell][:1], None, DEFAULT_WORK, folder.half)


def study(n_seeds: int) -> StudyDesign:
    """The algorithms of networks of widths 2 to 6 trained on XOR, of so many seeds each."""
    return design_from_mapping({
        "slug": "of-a-cluster", "name": "Widths 2 to 6", "question": "What does a cluster take?",
        "hidden": [[width, width] for width in range(2, 7)], "seeds": {"first": 0, "count": n_seeds},
        "protocols": ["paper"], "measures": ["algorithms-aligned", "alignments-minimal"],
    })  # fmt: skip


def overheads(n_seeds: int, suite: bool) -> Iterator[tuple[str, Overhead]]:
    """What a cluster takes beside a study of so many seeds, and beside the suite that comes with Pluriscope."""
    with tempfile.TemporaryDirectory() as place, cluster(folder := Path(place)) as found:
        design = study(n_seeds)
        names, seeds = [cell.name for cell in cells_of(design)], [list(design.seeds.numbers)] * design.n_cells
        with study_folder(folder / "study", design) as table:
            yield (
                f"study of {design.n_networks:,} networks on a dask cluster of {N_WORKERS}, messages 5 ms late",
                found.overhead(names, seeds, partial(run_chunk, design), table.save),
            )
        if suite:
            made = SuiteFolder(folder / SMALL, bundled_design(), SMALL)
            made.path.mkdir()
            made.begin()
            names, make = [cell.name for cell in made.design.cells], partial(make_networks, made.design, half=made.half)
            n = sum(map(len, made.seeds))
            yield f"suite of {n} networks on it", found.overhead(names, made.seeds, make, made.save)


if __name__ == "__main__":
    for work, found in overheads(2_000, suite=True):
        print(f"{work}: {found}", flush=True)
