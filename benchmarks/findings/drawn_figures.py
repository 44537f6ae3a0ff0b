"""What studies of trained networks beside drawn ones say, as shares that pages show beside one network's figures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from analysis.networks.training_spec import task_of_text
from analysis.studies.cells import GRID_FACTORS, Cell
from analysis.studies.design import Factor
from analysis.studies.statistics import share_of
from analysis.studies.summary import Group, StudySummary
from app.bundled.drawn_findings import FINDINGS_NAME, ArmShare, DrawnFindings, DrawnNetworks, MeasureShares, What
from benchmarks.findings.results import FOLDER, summary_of

STUDIES: Final = (
    *("learned-or-drawn", "drawn-survivors", "functions-of-two", "functions-of-three"),
    *("drawn-depth", "drawn-activation"),
)
FILE: Final = FOLDER.parent / "findings" / FINDINGS_NAME
_COUNTED: Final[dict[What, int]] = {"one": 1, "both": 2}


def write_drawn_figures(path: Path = FILE) -> None:
    """Make the file of shares anew."""
    path.write_text(figures_text())


def figures_text() -> str:
    """The file's text, a line for each group of networks."""
    groups = (group.model_dump_json() for slug in STUDIES for group in groups_of(summary_of(slug)))
    text = '{"groups": [\n' + ",\n".join(groups) + "\n]}\n"
    DrawnFindings.model_validate_json(text)
    return text


def groups_of(summary: StudySummary) -> Iterator[DrawnNetworks]:
    """What the networks of each shape and task say: cells that differ by prior alone are the arms of one group."""
    for cell in summary.cells:
        if not cell.levels["prior"]:
            yield _group(summary, cell)


def _group(summary: StudySummary, trained: Cell) -> DrawnNetworks:
    where: dict[Factor, str] = {factor: trained.labels[factor] for factor in GRID_FACTORS if factor != "prior"}
    found = {key: summary.groups(key, "complete", "prior", where) for key in summary.measures}
    arms = found["draws"]
    return DrawnNetworks(
        study=summary.design.slug,
        task="".join(map(str, task_of_text(trained.tasks(0)[0], summary.design.n_inputs).truth_table)),
        hidden=trained.levels["hidden"],
        activation=trained.levels["activation"],
        output_activation=trained.levels["output_activation"] or trained.levels["activation"],
        arms=tuple(arm.label for arm in arms),
        networks=tuple(arm.of - arm.failed for arm in arms),
        of=arms[0].of,
        measures=tuple(
            MeasureShares(measure=key, what=what, shares=tuple(arm_share(arm, what) for arm in found[key]))
            for key in summary.measures
            for what in _asked(summary, key)
        ),
    )


def _asked(summary: StudySummary, key: str) -> tuple[What, ...]:
    """Which shares a measure has."""
    if summary.measures[key].kind == "yes-no":
        return ("yes",)
    if key.startswith("rung-"):
        return ("any", "both")
    return ("any", "one") if key == "circuits-valid" or key.startswith("passes:") else ()


def arm_share(group: Group, what: What) -> ArmShare:
    """The share of an arm's networks with any, with exactly one, with both of two, or that say yes."""
    values = [point.value for point in group.points]
    hits = sum(value == _COUNTED[what] for value in values) if what in _COUNTED else sum(map(bool, values))
    share = share_of(hits, len(values))
    low, high = (None if end is None else round(end, 6) for end in (share.low, share.high))
    return ArmShare(hits=share.hits, of=share.of, low=low, high=high)
