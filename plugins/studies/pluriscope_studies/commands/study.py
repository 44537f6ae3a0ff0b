"""`pluriscope study …`: run studies, and move their tables into the dashboard's database and out of it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

from pluriscope.app.cli.reading import read_settings
from pluriscope.app.cli.signature import Within
from pluriscope.app.cli.store import opened_store
from pluriscope.app.cli.terminal import (
    DONE,
    INTERRUPTED,
    STANDARD,
    STOPPED,
    TROUBLE,
    Refusal,
    Shown,
    progress_bar,
    read_bytes,
    remark,
    write_text,
)

if TYPE_CHECKING:
    from pluriscope_studies.analysis.design import StudyDesign
    from pluriscope_studies.cluster import Workers
    from pluriscope_studies.commands.study_folder import StudyFolder


def run_study(
    file: str,
    *,
    output: str = "",
    seeds: Annotated[int | None, Within(1, 1_000_000)] = None,
    workers: Annotated[int | None, Within(1, 1_000)] = None,
    cluster: str = "",
    insecure: bool = False,
    quiet: bool = False,
) -> Shown:
    """Run a study: make its networks, analyse and measure them, write a table of them part by part.

    Example: pluriscope study run study.json --output study --workers 2

    How many networks the grid has is said before it starts. A run that is stopped is continued by the same command.

    Exit codes: 0 every network has its rows, 2 bad input, 3 some are missing.

    Args:
        file: Study file (JSON), or - for standard input.
        output: Folder of the table; continued if it is there. Default: the study's slug.
        seeds: Seeds of each cell, instead of the file's.
        workers: Processes, of slurm jobs. Default: one for each core.
        cluster: Dask cluster: the address of its scheduler, tls://… or tcp://…, or slurm to start one there.
        insecure: Trust the network to a cluster without encryption.
    """
    from pluriscope_studies.commands.study_folder import study_folder

    design, files = _design(file, seeds)
    pool = workers_of(workers, cluster, insecure)
    with study_folder(Path(output or design.slug), design) as folder:
        if not quiet:
            cells = f"{design.n_cells:,} cells of {folder.design.seeds.count:,} networks"
            remark(f"{design.name}: {cells}, {folder.design.n_networks:,} in all")
        with pool as found:
            return _run(folder, found, files, quiet)


def workers_of(workers: int | None, cluster: str, insecure: bool) -> AbstractContextManager[Workers]:
    """Workers by the options of a command; a Refusal where they contradict each other."""
    from pluriscope_studies.cluster import SLURM, checked_address

    if cluster:
        checked_address(cluster, insecure)
    elif insecure:
        raise Refusal("--insecure: is about a cluster. Give --cluster, or leave it out.")
    if workers and cluster not in ("", SLURM):
        raise Refusal(f"--workers: {cluster} has workers of its own. Leave it out.")
    return _workers(workers or os.cpu_count() or 1, cluster, insecure)


@contextmanager
def _workers(n: int, cluster: str, insecure: bool) -> Iterator[Workers]:
    from pluriscope.processes.memory import LEAST, bytes_for_each
    from pluriscope_studies.cluster import ClusterLost, cluster_workers
    from pluriscope_studies.jobs.run import local_workers

    try:
        with (
            cluster_workers(cluster, insecure=insecure, n=n)
            if cluster
            else local_workers(n, max(LEAST, bytes_for_each(n)))
        ) as pool:
            yield pool
    except ClusterLost as problem:
        raise Refusal(str(problem), STOPPED) from None
    except KeyboardInterrupt:
        raise Refusal("stopped on request. The same command goes on where it stopped.", INTERRUPTED) from None


def _design(file: str, seeds: int | None) -> tuple[StudyDesign, Mapping[int, bytes]]:
    """The design of a study file that can be run here, and the contents of its networks where these are files."""
    from pluriscope_studies.analysis.design import MAX_DESIGN_BYTES
    from pluriscope_studies.analysis.reading import design_from_mapping, read_design, runnable
    from pluriscope_studies.files import read_population

    raw, files = read_bytes(file, "study file", MAX_DESIGN_BYTES), dict[int, bytes]()
    settings: Any = None
    with suppress(ValueError):  # reading it as a design reports that
        settings = json.loads(raw)
    if isinstance(settings, dict) and settings.get("source") == "files":
        design, files = read_population(settings, Path() if file == STANDARD else Path(file).parent)
    else:
        design = read_design(raw)
    if seeds is not None:
        design = design_from_mapping(design.with_seeds(seeds).model_dump(mode="json"))
    return runnable(design, files), files


def _run(folder: StudyFolder, workers: Workers, files: Mapping[int, bytes], quiet: bool) -> Shown:
    """Compute what the folder lacks.

    Exit codes: 0 every network has its rows, 3 some are missing.
    """
    from pluriscope.app.limits import in_memory, limits_of
    from pluriscope_studies.jobs.run import run_study as compute
    from pluriscope_studies.table import seeds_of

    done, total = seeds_of(folder.table), folder.design.n_networks
    n_before = sum(map(len, done.values()))
    if n_before and not quiet:
        remark(f"{folder.path} holds {n_before:,} of {total:,} networks already")
    with progress_bar(quiet) as report:
        problems = compute(
            folder.design, done, workers, folder.save, report, in_memory(limits_of(read_settings())), files
        )
    if folder.parts:
        folder.sum_up()
    count = "SELECT count(DISTINCT (cell, seed)), count(DISTINCT (cell, seed)) FILTER (state = 'converged') FROM {rows}"
    finished, converged = folder.table.ask(count)[0] if folder.parts else (0, 0)
    if not quiet:
        remark(f"{finished:,} of {total:,} networks, {converged:,} converged and analysed")
    for problem in problems:
        remark(f"failed: {problem}")
    state = {"folder": str(folder.path), "networks": total, "finished": finished, "converged": converged}
    return Shown(state | {"problems": problems}, code=DONE if finished >= total else STOPPED)


# --- studies and a store: results taken in and handed out


def import_study(files: Sequence[str]) -> Shown:
    """Put tables of studies into the dashboard's database.

    Example: pluriscope study import study

    What is stored already stays as it is. A study that lacks networks can be let go on from its page.

    Args:
        files: Folders of parts, or single parts.
    """
    from pluriscope.addresses.address import Addresses
    from pluriscope_studies.writes import read_table, save_table

    items = []
    with opened_store() as store, TemporaryDirectory() as place:
        try:
            tables = [read_table(Path(name), Path(place) / str(number)) for number, name in enumerate(files)]
        except OSError as error:
            cure = "Give the folder that study run wrote, or a part of it."
            raise Refusal(f"table {error.filename!r}: cannot be read ({error.strerror}). {cure}") from None
        for one in tables:
            begun = time.perf_counter()
            with store.write() as session:
                row, new = save_table(session, one)
                items.append({"url": Addresses().url("studies", row.slug), "networks": new})
            remark(f"{new:,} networks in {time.perf_counter() - begun:.1f} s")
    return Shown({"items": items}, [str(item["url"]) for item in items])


def export_study(study: str, *, output: str = "", design: bool = False) -> Shown:
    """Write the table of a stored study to a folder, weights included, which another store takes in.

    Example: pluriscope study export alice-or-bob --output alice-or-bob

    Args:
        study: Slug or digest of a stored study.
        output: Folder, or a file that ends in .parquet. Default: the study's slug.
        design: Write the study file instead of the table.
    """
    from pluriscope_studies.reads import find_study
    from pluriscope_studies.writes import write_table

    with opened_store() as store, store.read() as session:
        row = find_study(session, study)
        if design:
            write_text(output or STANDARD, json.dumps(row.design, indent=1, ensure_ascii=False) + "\n")
            return Shown(row.design)
        path = Path(output or row.slug)
        try:
            write_table(session, row, path)
        except OSError as error:
            cause = f"cannot be written ({error.strerror})"
            raise Refusal(f"output {str(path)!r}: {cause}. Give another path, or make room.", TROUBLE) from None
        remark(f"{row.n_finished:,} networks: {path}")
    return Shown({"path": str(path), "networks": row.n_finished})
