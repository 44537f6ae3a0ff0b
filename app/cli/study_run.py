"""A study run by the engine alone: chunks over some processes, every finished chunk appended to the result file.

A file that is there already is continued, so that a run that was stopped or killed loses at most the chunks that were
under way, and a study that is to have more seeds computes only these.
"""

from __future__ import annotations

import gc
import gzip
import multiprocessing
import os
import platform
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from analysis import ENGINE_VERSION
from analysis.limits import Limits
from analysis.progress import Progress, Report
from analysis.studies.cells import cells_of
from analysis.studies.chunks import chunk_size, chunks_of, possible_circuits
from analysis.studies.design import StudyDesign
from analysis.studies.outcome import StudyOutcome
from analysis.studies.result_file import (
    MAX_RESULT_BYTES,
    StudyResults,
    line_of,
    read_results,
    result_bytes,
)
from app.cli.terminal import TROUBLE, Refusal
from app.garbage import collect_garbage_seldom


@dataclass(frozen=True)
class Chunk:
    """Some seeds of one cell, as a process takes them."""

    design: StudyDesign
    cell: int
    seeds: tuple[int, ...]
    limits: Limits
    device: str


def compute_chunk(chunk: Chunk) -> list[dict[str, Any]]:
    """The outcomes of a chunk as lines of a result file; runs in a process of its own."""
    from analysis.studies.running import run_cell
    from analysis.studies.sources import Order
    from analysis.work import Work

    order = Order(chunk.design.protocols, work=Work(clock=time.process_time, limits=chunk.limits), device=chunk.device)
    return [outcome.as_json() for outcome in run_cell(cells_of(chunk.design)[chunk.cell], chunk.seeds, order)]


def known_results(path: Path, design: StudyDesign) -> StudyResults:
    """What a file holds of a study already; nothing if there is no file.

    Raises:
        Refusal: it holds something else, so that it is not overwritten.
        InvalidStudy: it is no result file.
    """
    if not path.exists() or path.stat().st_size == 0:
        return StudyResults(design, ())
    if path.stat().st_size > MAX_RESULT_BYTES:
        raise Refusal(f"output {str(path)!r}: is larger than any result file. Give another path.")
    known = read_results(path.read_bytes())
    if known.design.digest != design.digest:
        raise Refusal(
            f"output {str(path)!r}: holds the results of another design ({known.design.slug}, "
            f"{known.design.digest[:12]}). Give another path."
        )
    count = max(known.design.seeds.count, design.seeds.count)
    return replace(known, design=design.with_seeds(count))


def run_to_file(
    path: Path, known: StudyResults, *, workers: int, limits: Limits, device: str, report: Report
) -> StudyResults:
    """Compute what a file lacks, appending chunk by chunk, and leave it whole and in order.

    Args:
        path: of the result file.
        known: what it holds, with the design as it is to be.
        workers: processes.
        limits: where searches stop.
        device: torch device.
        report: told how many networks are finished; may raise to stop.
    """
    start = time.time()
    outcomes = list(known.outcomes)
    design, provenance = known.design, _provenance(known, workers, device, 0.0)
    _rewrite(path, replace(known, provenance=provenance))
    chunks = list(_missing(design, outcomes, workers, limits, device))
    total = design.n_networks

    def tell() -> None:
        n_converged = sum(outcome.converged for outcome in outcomes)
        report(Progress("networks", len(outcomes), max(total, 1), f"{n_converged:,} converged"))

    tell()
    with _Appending(path) as append:
        for lines in _computed(chunks, workers):
            append(lines)
            outcomes += [StudyOutcome.from_json(line) for line in lines]
            tell()
    provenance = _provenance(known, workers, device, time.time() - start)
    finished = StudyResults(design, tuple(outcomes), ENGINE_VERSION, provenance)
    _rewrite(path, finished)
    return finished


def _missing(
    design: StudyDesign, outcomes: Sequence[StudyOutcome], workers: int, limits: Limits, device: str
) -> Iterator[Chunk]:
    """What is still to be computed, the cells with the most circuits first and at most one process's share at once, so
    that processes end at about the same time.
    """
    done = {(outcome.cell, outcome.seed) for outcome in outcomes}
    share = max(1, -(-(design.n_networks - len(done)) // workers))
    cells = sorted(enumerate(cells_of(design)), key=lambda item: -(possible_circuits(item[1]) or 0))
    for position, cell in cells:
        seeds = [seed for seed in design.seeds.numbers if (cell.key, seed) not in done]
        for run in chunks_of(seeds, min(chunk_size(cell), share)):
            yield Chunk(design, position, run, limits, device)


def _computed(chunks: Sequence[Chunk], workers: int) -> Iterator[list[dict[str, Any]]]:
    if not chunks:
        return
    if workers == 1:
        yield from map(compute_chunk, chunks)
        return
    copied = "forkserver" in multiprocessing.get_all_start_methods()  # from one that has loaded what all of them need
    context = multiprocessing.get_context("forkserver" if copied else "spawn")
    with context.Pool(min(workers, len(chunks)), _prepare_process) as pool:
        yield from pool.imap_unordered(compute_chunk, chunks)


def _prepare_process() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the command decides what ends
    collect_garbage_seldom()
    gc.freeze()  # what was loaded stays


class _Appending:
    """Opens a result file to append chunks as blocks of their own, each on the disk before the next."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> _Appending:
        self._file = self._path.open("ab")
        return self

    def __call__(self, lines: Sequence[Mapping[str, Any]]) -> None:
        try:
            self._file.write(gzip.compress("".join(map(line_of, lines)).encode(), mtime=0))
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise Refusal(f"output {str(self._path)!r}: cannot be written ({error.strerror}).", TROUBLE) from None

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _rewrite(path: Path, results: StudyResults) -> None:
    """Write the whole file in one step."""
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(result_bytes(results))
            file.flush()
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        Path(temporary).chmod(0o666 & ~mask)
        Path(temporary).replace(path)
    except OSError as error:
        with suppress(OSError):
            Path(temporary).unlink(missing_ok=True)
        raise Refusal(f"output {str(path)!r}: cannot be written ({error.strerror or error}).", TROUBLE) from None


def _provenance(known: StudyResults, workers: int, device: str, seconds: float) -> dict[str, Any]:
    """By what it was computed: for people, and no part of what results say."""
    before = float(known.provenance.get("wall_seconds", 0.0) or 0.0)
    return {
        "machine": platform.machine(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "workers": workers,
        "device": device,
        "wall_seconds": round(before + seconds, 1),
        "engine": ENGINE_VERSION,
    }


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()[:100]
    return platform.processor()[:100]
