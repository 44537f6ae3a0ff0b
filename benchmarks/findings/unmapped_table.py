"""The tables of the study of unmapped neurons: how many alignments each question leaves, by width."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from analysis.studies.cells import cells_of
from analysis.studies.outcome import StudyOutcome
from analysis.studies.statistics import share_of
from benchmarks.findings.results import results_of
from benchmarks.findings.tables import head, number, percent, row

SLUG: Final = "unmapped-neurons"
NULL: Final = "drawn-unmapped"
COUNTED: Final = {
    "aligned-valid": "valid, every interchange of one variable",
    "aligned-joint": "right under every joint interchange",
    "aligned-mediating": "of these: neurons without a variable mediate, nothing is claimed",
    "aligned-leaving": "of these: some neurons are claimed to be inert",
    "aligned-clean": "left: unmapped neurons carry what they are on any input",
    "aligned-zero": "left: any of them is 0",
    "aligned-interval": "left: they carry anything between, proved",
    "aligned-thirty": "left: nothing wrong in 30 draws",
    "aligned-many": "left: nothing wrong in 300 draws",
}
PROTOTYPE: Final = {"aligned-valid": 553, "aligned-joint": 407, "aligned-clean": 344, "aligned-zero": 339}
_N_PROTOTYPE: Final = 110
_DRAWN: Final = "310, one set of 300"
_ASKED: Final = ("aligned-clean", "aligned-zero", "aligned-interval", "aligned-thirty", "aligned-many")


def _by_width(slug: str) -> dict[str, list[StudyOutcome]]:
    """The networks of each width that converged, by seed; of drawn ones those of each prior and width."""
    results = results_of(slug)
    priors = len(results.design.levels("prior")) > 1
    names = {
        cell.key: ", ".join([cell.labels["prior"]] * priors + [cell.labels["hidden"]])
        for cell in cells_of(results.design)
    }
    found: dict[str, list[StudyOutcome]] = {label: [] for label in names.values()}
    for outcome in sorted(results.outcomes, key=lambda outcome: outcome.seed):
        if outcome.converged:
            found[names[outcome.cell]].append(outcome)
    return found


def _count(outcome: StudyOutcome, key: str) -> int:
    return int(outcome.values["complete"][0][key].value or 0)


def _sum(outcomes: list[StudyOutcome], key: str) -> str:
    """Over the networks, with what is undecided behind it."""
    total = sum(_count(outcome, key) for outcome in outcomes)
    most = sum(int(outcome.values["complete"][0][key].high or _count(outcome, key)) for outcome in outcomes)
    return number(total) + (f" to {number(most)}" if most > total else "")


def unmapped_table(slug: str = SLUG) -> Iterator[str]:
    """Alignments summed over the networks of each width, and the networks in which every one holds."""
    groups = _by_width(slug)
    yield from head(("alignments of both irredundant algorithms", *groups))
    yield row(
        (
            "networks that converged" if slug == SLUG else "networks accepted",
            *(f"{len(outcomes):,}" for outcomes in groups.values()),
        )
    )
    for key, words in COUNTED.items():
        yield row((words, *(_sum(outcomes, key) for outcomes in groups.values())))
    asked = {label: [one for one in outcomes if _count(one, "aligned-leaving")] for label, outcomes in groups.items()}
    yield row(("networks where some neurons are claimed inert", *(f"{len(some):,}" for some in asked.values())))
    for key in _ASKED:
        holds = [percent(share_of(sum(map(_holding(key), some)), len(some))) for some in asked.values()]
        yield row((f"of these, every claim holds — {COUNTED[key].removeprefix('left: ')}", *holds))


def _holding(key: str) -> Callable[[StudyOutcome], bool]:
    """Whether all alignments of a network that claim anything pass."""
    return lambda outcome: (
        _count(outcome, key) == _count(outcome, "aligned-joint") - _count(outcome, "aligned-mediating")
    )


def prototype_table() -> Iterator[str]:
    """The first networks of width 3 beside the figures of a prototype."""
    first = _by_width(SLUG)["3-3"][:_N_PROTOTYPE]
    yield from head((f"first {_N_PROTOTYPE} networks 2-3-3-1 that converged", "prototype [O]", "ours"))
    for key, words in COUNTED.items():
        yield row((words, PROTOTYPE.get(key, _DRAWN if key == "aligned-many" else "–"), _sum(first, key)))
