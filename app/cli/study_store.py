"""Studies in the dashboard's database: run them there, put results in, take them out, list them."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analysis.progress import Progress
from app.cli.store import opened_store
from app.cli.terminal import DONE, STOPPED, Refusal, check_writable, progress_bar, read_bytes, remark, write_text

if TYPE_CHECKING:
    from analysis.studies.design import StudyDesign
    from app.db.engine import Store


def run_in_store(design: StudyDesign, *, workers: int, quiet: bool) -> int:
    """Store a study and work on it here until it has ended, or somebody pauses it; other workers may help.

    Exit codes: 0 every network has its outcome, 3 it was paused or chunks failed.
    """
    from app.addressing import Addresses
    from app.db.reads.studies import find_study
    from app.jobs.definitions import STUDY, STUDY_SUMMARY
    from app.jobs.study_queue import start
    from app.jobs.worker import Worker

    with opened_store() as store:
        with store.write() as session:
            slug = start(session, design).slug
        write_text("-", Addresses().study(slug) + "\n")
        worker = Worker(store, slots=workers, definitions={one.kind: one for one in (STUDY, STUDY_SUMMARY)})
        thread = threading.Thread(target=lambda: worker.run(until_idle=True), name="study")
        thread.start()
        try:
            _follow(store, slug, thread, quiet)
        except KeyboardInterrupt:
            worker.stop.set()
            thread.join()
            remark("stopped; the same command, or a worker, goes on where it stopped")
            raise
        thread.join()
        with store.read() as session:
            row = find_study(session, slug)
            finished, total, converged = row.n_finished, row.n_networks, row.n_converged
    if not quiet:
        remark(f"{finished:,} of {total:,} networks, {converged:,} converged and analysed")
    return DONE if finished == total else STOPPED


def _follow(store: Store, slug: str, thread: threading.Thread, quiet: bool) -> None:
    from app.db.reads.studies import find_study

    with progress_bar(quiet) as report:
        while thread.is_alive():
            with store.read() as session:
                row = find_study(session, slug)
                progress = Progress("networks", row.n_finished, row.n_networks, f"{row.n_converged:,} converged")
            report(progress)
            thread.join(1.0)


def import_study(
    files: Annotated[list[str], typer.Argument(help="Result files of studies, or - for standard input.")],
) -> int:
    """Put results of studies into the dashboard's database: their design, outcomes and networks.

    Example: [bold]pluriscope study import xor.jsonl.gz[/bold]

    What is stored already stays as it is. A study that lacks networks can be let go on from its page.
    """
    from analysis.studies.result_file import MAX_RESULT_BYTES, read_results
    from app.addressing import Addresses
    from app.db.studies import save_results

    results = [read_results(read_bytes(name, "study result file", MAX_RESULT_BYTES)) for name in files]
    with opened_store() as store:
        for one in results:
            begun = time.perf_counter()
            with store.write() as session:
                row, new = save_results(session, one)
                where = Addresses().study(row.slug)
            remark(f"{new:,} outcomes in {time.perf_counter() - begun:.1f} s")
            write_text("-", where + "\n")
    return DONE


def export_study(
    study: Annotated[str, typer.Argument(help="Slug or digest of a stored study.")],
    output: Annotated[str, typer.Option("--output", "-o", help="File; default: SLUG.jsonl.gz.")] = "",
    design: Annotated[bool, typer.Option("--design", help="Write the study file instead of the results.")] = False,
) -> int:
    """Write the results of a stored study to a file, weights included, which another store takes in.

    Example: [bold]pluriscope study export alice-or-bob --output alice-or-bob.jsonl.gz[/bold]
    """
    import json

    from analysis.studies.result_file import result_bytes
    from app.db.reads.studies import find_study, stored_results

    with opened_store() as store, store.read() as session:
        row = find_study(session, study)
        if design:
            write_text(output or "-", json.dumps(row.design, indent=1, ensure_ascii=False) + "\n")
            return DONE
        path = output or f"{row.slug}.jsonl.gz"
        check_writable(path)
        raw, n = result_bytes(stored_results(session, row)), row.n_finished
    try:
        Path(path).write_bytes(raw)
    except OSError as error:
        raise Refusal(f"output {path!r}: cannot be written ({error.strerror}).") from None
    remark(f"{n:,} outcomes: {path}")
    return DONE


def list_studies() -> int:
    """List the studies in the dashboard's database: address, state, networks, question.

    Example: [bold]pluriscope study list[/bold]
    """
    from app.addressing import Addresses
    from app.db.reads.studies import all_studies

    with opened_store() as store, store.read() as session:
        for row in all_studies(session):
            state = "done" if row.n_finished >= row.n_networks else row.state
            numbers = f"{row.n_finished:,} of {row.n_networks:,} networks, {row.n_converged:,} converged"
            write_text("-", f"{Addresses().study(row.slug)}\t{state}\t{numbers}\t{row.name}\n")
    return DONE
