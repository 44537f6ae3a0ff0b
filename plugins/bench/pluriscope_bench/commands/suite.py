"""`pluriscope suite …`: make suites of networks with the truth about each, for methods to be held against."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pluriscope.app.cli.reading import read_settings
from pluriscope.app.cli.signature import Within
from pluriscope.app.cli.terminal import DONE, STOPPED, TROUBLE, Refusal, Shown, progress_bar, remark

if TYPE_CHECKING:
    from pluriscope_bench.suite_files import SuiteFolder
    from pluriscope_studies.cluster import Workers


def make_suite(
    which: str = "small",
    *,
    output: str = "",
    workers: Annotated[int | None, Within(1, 1_000)] = None,
    cluster: str = "",
    insecure: bool = False,
    quiet: bool = False,
) -> Shown:
    """Make a suite: its networks, every valid circuit of each, and what baselines answer.

    Example: pluriscope suite make public --output public --workers 2

    A run that is stopped is continued by the same command. Networks of small and public come with Pluriscope, and
    truths follow from them, so their digests are the same everywhere.

    Exit codes: 0 it is whole, 2 bad input, 3 some networks are missing.

    Args:
        which: small, the suite that comes with Pluriscope; or public.
        output: Folder of the suite; continued if it is there. Default: as it is called.
        workers: Processes, of slurm jobs. Default: one for each core.
        cluster: Dask cluster: the address of its scheduler, tls://… or tcp://…, or slurm to start one there.
        insecure: Trust the network to a cluster without encryption.
    """
    from pluriscope_bench.suite_design import HALVES
    from pluriscope_bench.suite_files import SuiteFolder, bundled_design
    from pluriscope_studies.commands.study import workers_of
    from pluriscope_studies.commands.study_folder import locked, opened_folder

    if which not in HALVES:
        raise Refusal(f"suite {which[:40]!r}: is unknown. Use {', '.join(HALVES)}.")
    pool, path = workers_of(workers, cluster, insecure), Path(output or which)
    folder = SuiteFolder(path, bundled_design(), which)
    item = f"output {str(path)!r}"
    folder.check(opened_folder(path, item))
    with locked(path, item), pool as found:
        try:
            suite, problems = folder.finished(), list[str]()
            if suite is None:
                problems = _make(folder, found, quiet)
                suite = None if problems else folder.finish()
        except OSError as error:
            cause, cure = f"cannot be written ({error.strerror})", "Make room, then give the same command again."
            raise Refusal(f"{item}: {cause}. {cure}", TROUBLE) from None
    for problem in problems:
        remark(f"failed: {problem}")
    record = {"folder": str(path), "networks": suite and len(suite.networks), "digest": suite and suite.digest}
    lines = [f"{len(suite.networks):,} networks, {suite.digest}"] if suite else []
    return Shown({**record, "problems": problems}, lines, STOPPED if problems else DONE)


def write_tables(folder: str, *, output: str) -> Shown:
    """Write the tables of a suite without its lists of circuits, under the same digest.

    Example: pluriscope suite tables public --output public-tables

    Args:
        folder: Folder of a whole suite, or small.
        output: Folder of the tables.
    """
    from pluriscope_bench.suite_files import read_suite
    from pluriscope_bench.suite_files import write_tables as write
    from pluriscope_studies.commands.study_folder import locked, opened_folder

    suite, path = read_suite(folder), Path(output)
    item = f"output {str(path)!r}"
    if opened_folder(path, item):
        raise Refusal(f"{item}: has something in it. Give a folder of its own.")
    with locked(path, item):
        write(suite, path)
    return Shown({"folder": str(path), "networks": len(suite.networks), "digest": suite.digest}, [suite.digest])


def _make(folder: SuiteFolder, workers: Workers, quiet: bool) -> list[str]:
    """Make what the folder lacks; what is missing in the end, a sentence each."""
    from pluriscope.app.limits import in_memory, limits_of
    from pluriscope_bench.suite_making import make_networks
    from pluriscope_studies.jobs.run import run_chunks

    damaged, done = folder.begin()
    for name in damaged:
        remark(f"{name} is cut short or damaged: its networks are made again")
    missing = [[seed for seed in seeds if seed not in done[number]] for number, seeds in enumerate(folder.seeds)]
    n_done, names = sum(map(len, done)), [cell.name for cell in folder.design.cells]
    if not quiet:
        remark(f"{folder.design.name}, {folder.half}: {sum(map(len, folder.seeds)):,} seeds, {n_done:,} there already")
    limits, make = in_memory(limits_of(read_settings())), partial(make_networks, folder.design, half=folder.half)
    with progress_bar(quiet) as report:
        return run_chunks(names, missing, n_done, make, workers, folder.save, report, limits)
