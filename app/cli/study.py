"""`pluriscope study …`: run studies, by the engine alone or in the dashboard's database, and move their results."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.configuration import read_settings
from app.cli.study_store import export_study, import_study, list_studies, run_in_store
from app.cli.terminal import DONE, STOPPED, check_writable, progress_bar, read_bytes, remark, write_text

if TYPE_CHECKING:
    from analysis.studies.costs import StudyCost
    from analysis.studies.design import StudyDesign

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
    device: Annotated[str, typer.Option("--device", help="torch device for training and circuits.")] = "cpu",
    into_store: Annotated[
        bool, typer.Option("--store", help="Run in the dashboard's database instead, where pages show it at once.")
    ] = False,
    cost_only: Annotated[bool, typer.Option("--cost", help="Say what it would cost, and stop.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")] = False,
) -> int:
    """Run a study: train its networks, analyse and measure them, write what came of each.

    Example: [bold]pluriscope study run xor.json --output xor.jsonl.gz --workers 2[/bold]

    What the grid will cost is said before it starts. A run that is stopped is continued by the same command.

    Exit codes: 0 every network has its outcome, 2 bad input.
    """
    from analysis.studies.costs import cost_of
    from analysis.studies.design import MAX_DESIGN_BYTES
    from analysis.studies.reading import design_from_mapping, read_design
    from app.limits import limits_of

    design = read_design(read_bytes(file, "study file", MAX_DESIGN_BYTES))
    if seeds is not None:
        design = design_from_mapping(design.with_seeds(seeds).model_dump(mode="json"))
    settings = read_settings()
    limits = limits_of(settings)
    processes = workers or os.cpu_count() or 1
    cost = cost_of(design, limits)
    if not quiet or cost_only:
        remark(cost_words(design, cost, processes))
    if cost_only:
        return DONE
    if into_store:
        return run_in_store(design, workers=processes, quiet=quiet)
    from app.cli.study_run import known_results, run_to_file

    path = Path(output or f"{design.slug}.jsonl.gz")
    check_writable(str(path), file)
    known = known_results(path, design)
    if known.outcomes and not quiet:
        remark(f"{path} holds {len(known.outcomes):,} of {known.design.n_networks:,} networks already")
    cost = cost_of(known.design, limits)
    with progress_bar(quiet) as report:
        results = run_to_file(path, known, cost, workers=processes, limits=limits, device=device, report=report)
    n_converged = sum(outcome.converged for outcome in results.outcomes)
    if not quiet:
        remark(f"{len(results.outcomes):,} networks, {n_converged:,} converged and analysed: {path}")
    return DONE if results.complete else STOPPED


def cost_words(design: StudyDesign, cost: StudyCost, processes: int) -> str:
    """What a study will take, in a line."""
    from app.figures.numbers import duration

    wait = cost.seconds / processes
    return (
        f"{design.name}: {design.n_cells:,} cells of {design.seeds.count:,} networks, {cost.networks:,} in all; "
        f"about {duration(cost.seconds)} on one core, {duration(wait)} with {processes}"
    )


study.command("import")(import_study)
study.command("export")(export_study)
study.command("list")(list_studies)


@study.command("schema")
def schema(
    output: Annotated[str, typer.Option("--output", "-o", help="File to write, or - for standard output.")] = "-",
) -> int:
    """Write the JSON schema of study files.

    Example: [bold]pluriscope study schema --output study.schema.json[/bold]
    """
    from analysis.studies.design import design_schema

    check_writable(output)
    write_text(output, json.dumps(design_schema(), indent=1, ensure_ascii=False) + "\n")
    return DONE


@study.command("measures")
def measures() -> int:
    """List the measures that designs may name: key, kind, label and what each is.

    Example: [bold]pluriscope study measures[/bold]
    """
    from analysis.studies.measures.registry import MEASURES

    for measure in MEASURES.values():
        write_text("-", f"{measure.key}\t{measure.kind}\t{measure.label}\t{measure.definition}\n")
    return DONE
