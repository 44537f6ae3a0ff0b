"""`pluriscope study …`: run studies, by the engine alone or in the dashboard's database, and move their results."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from analysis.progress import Progress
from app.cli.configuration import read_settings
from app.cli.store import opened_store
from app.cli.terminal import DONE, STOPPED, Refusal, check_writable, progress_bar, read_bytes, remark, write_text

if TYPE_CHECKING:
    from analysis.studies.design import StudyDesign
    from app.db.engine import Store

study = typer.Typer(
    name="study",
    no_args_is_help=True,
    help="Studies: many networks over a declared grid, each analysed, each an outcome.",
)


@study.command("run")
def run(
    file: Annotated[str, typer.Argument(help="Study file (JSON), or - for standard input.")],
    output: Annotated[
        str, typer.Option("--output", "-o", help="Result file; continued if it is there. Default: SLUG.jsonl.gz.")
    ] = "",
    seeds: Annotated[
        int | None, typer.Option("--seeds", min=1, help="Seeds of each cell, instead of the file's.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Processes. Default: one for each core.")
    ] = None,
    device: Annotated[str, typer.Option("--device", help="torch device for training.")] = "cpu",
    into_store: Annotated[
        bool, typer.Option("--store", help="Run in the dashboard's database instead, where pages show it at once.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> int:
    """Run a study: train its networks, analyse and measure them, write the outcome of each.

    Example: [bold]pluriscope study run xor.json --output xor.jsonl.gz --workers 2[/bold]

    How many networks the grid has is said before it starts. A run that is stopped is continued by the same command.

    Exit codes: 0 every network has its outcome, 2 bad input.
    """
    processes = workers or os.cpu_count() or 1
    if processes > 1 and not into_store:
        _load_ahead()
    from analysis.studies.design import MAX_DESIGN_BYTES
    from analysis.studies.reading import design_from_mapping, read_design
    from app.limits import in_memory, limits_of

    design = read_design(read_bytes(file, "study file", MAX_DESIGN_BYTES))
    if seeds is not None:
        design = design_from_mapping(design.with_seeds(seeds).model_dump(mode="json"))
    settings = read_settings()
    limits = in_memory(limits_of(settings))
    if not quiet:
        cells = f"{design.n_cells:,} cells of {design.seeds.count:,} networks"
        remark(f"{design.name}: {cells}, {design.n_networks:,} in all")
    if into_store:
        return run_in_store(design, workers=processes, quiet=quiet)
    from app.cli.study_run import known_results, run_to_file

    path = Path(output or f"{design.slug}.jsonl.gz")
    check_writable(str(path), file)
    known = known_results(path, design)
    if known.outcomes and not quiet:
        remark(f"{path} holds {len(known.outcomes):,} of {known.design.n_networks:,} networks already")
    with progress_bar(quiet) as report:
        results = run_to_file(path, known, workers=processes, limits=limits, device=device, report=report)
    n_converged = sum(outcome.converged for outcome in results.outcomes)
    if not quiet:
        remark(f"{len(results.outcomes):,} networks, {n_converged:,} converged and analysed: {path}")
    return DONE if results.complete else STOPPED


def _load_ahead() -> None:
    """Begin to load what every process of a run needs, torch first, in the process that they are copied from.

    That takes some seconds, in which this process reads the study. Where processes cannot be copied nothing is done.
    """
    import multiprocessing

    if "forkserver" in multiprocessing.get_all_start_methods():
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["analysis.studies.boolean", "analysis.studies.running", "app.cli.study_run"])
        from multiprocessing.forkserver import ensure_running

        ensure_running()


# --- studies and a store: results taken in and handed out


def run_in_store(design: StudyDesign, *, workers: int, quiet: bool) -> int:
    """Store a study and work on it here until it has ended, or somebody pauses it; other workers may help.

    Exit codes: 0 every network has its outcome, 3 it was paused or chunks failed.
    """
    from app.addressing import Addresses
    from app.db.reads.studies import find_study
    from app.jobs.definitions import STUDY
    from app.jobs.study_queue import start
    from app.jobs.worker import Worker

    with opened_store() as store:
        with store.write() as session:
            slug = start(session, design).slug
        write_text("-", Addresses().study(slug) + "\n")
        worker = Worker(store, slots=workers, definitions={STUDY.kind: STUDY})
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
    from app.db.reads.studies import find_study, stored_parts

    with opened_store() as store, store.read() as session:
        row = find_study(session, study)
        if design:
            write_text(output or "-", json.dumps(row.design, indent=1, ensure_ascii=False) + "\n")
            return DONE
        path = output or f"{row.slug}.jsonl.gz"
        check_writable(path)
        try:
            with Path(path).open("wb") as file:
                file.writelines(stored_parts(session, row))
        except OSError as error:
            raise Refusal(f"output {path!r}: cannot be written ({error.strerror}).") from None
        remark(f"{row.n_finished:,} outcomes: {path}")
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


study.command("import")(import_study)
study.command("export")(export_study)
study.command("list")(list_studies)
