"""The result files of the studies that come with Pluriscope."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from analysis.studies.cells import cells_of
from analysis.studies.design import StudyDesign
from analysis.studies.reading import read_design
from analysis.studies.result_file import StudyResults, read_results, result_bytes
from analysis.studies.summary import Record, StudySummary

FOLDER: Final = Path(__file__).resolve().parents[2] / "app" / "bundled" / "studies"
"""Designs, and the results that every store takes in at its first start."""
MORE: Final = Path(__file__).parent / "results"
"""Results of the other studies: taken in with ``pluriscope study import``."""


def design_of(slug: str) -> StudyDesign:
    """The design of one study as its file is now."""
    return read_design((FOLDER / f"{slug}.json").read_bytes())


@lru_cache
def stored(slug: str) -> StudyResults:
    """A result file as it is, with the texts that its design had when it was written."""
    return read_results(files()[slug].read_bytes())


@lru_cache
def results_of(slug: str) -> StudyResults:
    """One study with its outcomes, the texts of its design as they are now.

    Raises:
        ValueError: the results are those of another design, or not of every network.
    """
    results, design = stored(slug), design_of(slug)
    if results.design.digest != design.digest or results.design.seeds != design.seeds or not results.complete:
        raise ValueError(f"{slug}.jsonl.gz does not hold all of {slug}.json: run the study again")
    return StudyResults(design, results.outcomes, results.engine, results.provenance)


@lru_cache
def summary_of(slug: str, *, first_output: bool = False) -> StudySummary:
    """What one study says.

    Args:
        slug: its name.
        first_output: read off the first output of each network alone, where the study takes the mean of all.
    """
    results = results_of(slug)
    place: Mapping[str, int] = {cell.key: position for position, cell in enumerate(cells_of(results.design))}
    records = [Record(place[o.cell], o.seed, o.state, o.network, o.figures) for o in results.outcomes]
    design = results.design.model_copy(update={"across_outputs": "first"}) if first_output else results.design
    return StudySummary(design, records)


def renew_texts() -> None:
    """Give every result file the texts of its design as they are now; pages show those of the result file."""
    for slug, path in files().items():
        if stored(slug).design != design_of(slug):
            path.write_bytes(result_bytes(results_of(slug)))


def files() -> dict[str, Path]:
    """The result files that are there, by their studies' slugs."""
    return {
        path.name.removesuffix(".jsonl.gz"): path for folder in (MORE, FOLDER) for path in folder.glob("*.jsonl.gz")
    }


def known() -> list[str]:
    """Studies whose results are there, in the order of the document."""
    order = ("alice-or-bob", "learned-or-drawn", "training-shrinks", "paper", "digits")
    return sorted(files(), key=lambda slug: (next((i for i, o in enumerate(order) if slug.startswith(o)), 9), slug))
