"""`pluriscope study …`: run studies, and move their results into the dashboard's database and out of it."""

from __future__ import annotations

import json
import os
import platform
import shutil
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from analysis.progress import Progress
from app.cli.signature import Within
from app.cli.store import opened_store, store_in
from app.cli.terminal import (
    DONE,
    INTERRUPTED,
    STANDARD,
    STOPPED,
    Refusal,
    Shown,
    check_writable,
    progress_bar,
    read_bytes,
    remark,
    write_bytes,
    write_text,
)

if TYPE_CHECKING:
    from analysis.studies.design import StudyDesign
    from analysis.studies.result_file import StudyResults
    from app.db.engine import Store


def run_study(
    file: str,
    *,
    output: str = "",
    seeds: Annotated[int | None, Within(1, 1_000_000)] = None,
    workers: Annotated[int | None, Within(1, 1_000)] = None,
    quiet: bool = False,
) -> Shown:
    """Run a study: train its networks, analyse and measure them, write the outcome of each.

    Example: pluriscope study run study.json --output study.jsonl.gz --workers 2

    How many networks the grid has is said before it starts. A run that is stopped is continued by the same command.

    Exit codes: 0 every network has its outcome, 2 bad input.

    Args:
        file: Study file (JSON), or - for standard input.
        output: Result file; continued if it is there. Default: SLUG.jsonl.gz.
        seeds: Seeds of each cell, instead of the file's.
        workers: Processes. Default: one for each core.
    """
    from analysis.studies.design import MAX_DESIGN_BYTES
    from analysis.studies.reading import design_from_mapping, read_design, runnable

    design = runnable(read_design(read_bytes(file, "study file", MAX_DESIGN_BYTES)))
    if seeds is not None:
        design = design_from_mapping(design.with_seeds(seeds).model_dump(mode="json"))
    processes = workers or os.cpu_count() or 1
    if not quiet:
        cells = f"{design.n_cells:,} cells of {design.seeds.count:,} networks"
        remark(f"{design.name}: {cells}, {design.n_networks:,} in all")
    path = Path(output or f"{design.slug}.jsonl.gz")
    check_writable(str(path), file)
    return _run_to_file(path, design, processes, quiet)


def _run_to_file(path: Path, design: StudyDesign, workers: int, quiet: bool) -> Shown:
    """Run a study in a database beside its result file, which has what was found whenever the command ends by itself.

    A run that was killed is continued from that database, any other from the file; then the database is deleted.
    """
    from app.db.reads.studies import find_study, stored_parts
    from app.db.studies import save_results

    known = known_results(path, design)
    if known.outcomes and not quiet:
        remark(f"{path} holds {len(known.outcomes):,} of {known.design.n_networks:,} networks already")
    folder = path.with_name(f".{path.name}-{design.digest[:12]}")
    begun = time.time()
    with store_in(folder) as store:
        with store.write() as session:
            save_results(session, known)
        try:
            return _run(store, known.design, workers, quiet)
        finally:
            with store.write() as session:
                row = find_study(session, design.slug)
                spent = float(known.provenance.get("wall_seconds") or 0.0) + time.time() - begun
                about = {"machine": platform.machine(), "python": platform.python_version(), "cores": os.cpu_count()}
                row.provenance = about | {"workers": workers, "wall_seconds": round(spent, 1)}
                write_bytes(str(path), stored_parts(session, row))
            shutil.rmtree(folder, ignore_errors=True)


def known_results(path: Path, design: StudyDesign) -> StudyResults:
    """What a file holds of a study already, with the seeds of both; nothing if there is no file.

    Raises:
        Refusal: it holds something else, so that it is not overwritten.
        InvalidStudy: it is no result file.
    """
    from analysis.studies.result_file import MAX_RESULT_BYTES, StudyResults, read_results

    if not path.exists() or path.stat().st_size == 0:
        return StudyResults(design, ())
    known = read_results(read_bytes(str(path), "result file", MAX_RESULT_BYTES))
    if known.design.digest != design.digest:
        raise Refusal(
            f"output {str(path)!r}: holds the results of another design ({known.design.slug}, "
            f"{known.design.digest[:12]}). Give another path."
        )
    return replace(known, design=design.with_seeds(max(known.design.seeds.count, design.seeds.count)))


def _run(store: Store, design: StudyDesign, workers: int, quiet: bool) -> Shown:
    """Store a study and work on it here until it has ended.

    Exit codes: 0 every network has its outcome, 3 chunks failed.
    """
    from app.addressing import Addresses
    from app.db.reads.studies import find_study, problems_of, study_jobs
    from app.jobs.definitions import STUDY
    from app.jobs.study_queue import start
    from app.jobs.worker import Worker

    with store.write() as session:
        slug = start(session, design).slug
    worker = Worker(store, slots=workers, definitions={STUDY.kind: STUDY})
    thread = threading.Thread(target=lambda: worker.run(until_idle=True), name="study")
    with progress_bar(quiet) as report:
        thread.start()
        try:
            while True:
                ended = not thread.is_alive()
                with store.read() as session:
                    row = find_study(session, slug)
                    finished, total, converged = row.n_finished, row.n_networks, row.n_converged
                problems = problems_of(study_jobs(session, design.digest)) if ended else []
                report(Progress("networks", finished, total, f"{converged:,} converged"))
                if ended:
                    break
                thread.join(1.0)
        except KeyboardInterrupt:
            raise Refusal("stopped on request. The same command goes on where it stopped.", INTERRUPTED) from None
        finally:
            worker.stop.set()
            thread.join()
    if not quiet:
        remark(f"{finished:,} of {total:,} networks, {converged:,} converged and analysed")
    for problem in problems:
        remark(f"failed: {problem}")
    told = {"url": Addresses().study(slug), "networks": total, "finished": finished, "converged": converged}
    return Shown(told | {"problems": problems}, code=DONE if finished == total else STOPPED)


# --- studies and a store: results taken in and handed out


def import_study(files: Sequence[str]) -> Shown:
    """Put results of studies into the dashboard's database: their design, outcomes and networks.

    Example: pluriscope study import study.jsonl.gz

    What is stored already stays as it is. A study that lacks networks can be let go on from its page.

    Args:
        files: Result files of studies, or - for standard input.
    """
    from analysis.studies.result_file import MAX_RESULT_BYTES, read_results
    from app.addressing import Addresses
    from app.db.studies import save_results

    results = [read_results(read_bytes(name, "study result file", MAX_RESULT_BYTES)) for name in files]
    items = []
    with opened_store() as store:
        for one in results:
            begun = time.perf_counter()
            with store.write() as session:
                row, new = save_results(session, one)
                items.append({"url": Addresses().study(row.slug), "outcomes": new})
            remark(f"{new:,} outcomes in {time.perf_counter() - begun:.1f} s")
    return Shown({"items": items}, [str(item["url"]) for item in items])


def export_study(study: str, *, output: str = "", design: bool = False) -> Shown:
    """Write the results of a stored study to a file, weights included, which another store takes in.

    Example: pluriscope study export alice-or-bob --output alice-or-bob.jsonl.gz

    Args:
        study: Slug or digest of a stored study.
        output: File; default: SLUG.jsonl.gz.
        design: Write the study file instead of the results.
    """
    from app.db.reads.studies import find_study, stored_parts

    with opened_store() as store, store.read() as session:
        row = find_study(session, study)
        if design:
            write_text(output or STANDARD, json.dumps(row.design, indent=1, ensure_ascii=False) + "\n")
            return Shown(row.design)
        path = output or f"{row.slug}.jsonl.gz"
        check_writable(path)
        write_bytes(path, stored_parts(session, row))
        remark(f"{row.n_finished:,} outcomes: {path}")
    return Shown({"file": path, "outcomes": row.n_finished})
