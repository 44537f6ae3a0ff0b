"""The tables of the study of regularisation: by intention to treat, and of the seeds that converge with and without."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import median
from typing import Final

from analysis.studies.cells import cells_of
from analysis.studies.statistics import holm, mcnemar, share_of
from benchmarks.findings.results import results_of
from benchmarks.findings.statistics import ratio_of
from benchmarks.findings.tables import head, number, percent, points_and_p, row

SLUG: Final = "regularised"
SUBSET: Final = "passes:circuit:minimal-subset"
ASKED: Final = {
    "irredundant-literals-one": "exactly one minimal alignment",
    SUBSET: "exactly one subset-minimal circuit",
}
COUNTED: Final = {"circuits-valid": "valid circuits", SUBSET: "subset-minimal circuits"}


def arms_of(key: str) -> dict[str, dict[int, float | None]]:
    """By arm and seed the value of a measure, None of a network that did not converge."""
    results = results_of(SLUG)
    labels = {cell.key: cell.labels["regularisation"] for cell in cells_of(results.design)}
    found: dict[str, dict[int, float | None]] = {label: {} for label in labels.values()}
    for outcome in results.outcomes:
        value = outcome.values["complete"][0][key].value if outcome.converged else None
        found[labels[outcome.cell]][outcome.seed] = float(value) if isinstance(value, (bool, int, float)) else None
    return found


def _one(values: Mapping[int, float | None]) -> dict[int, bool]:
    """Whether it is exactly one, for every seed; no network, no explanation."""
    return {seed: value == 1 for seed, value in values.items()}


def intention_table() -> Iterator[str]:
    """Every arm against none, every seed counted; Holm over all rows."""
    arms = {key: arms_of(key) for key in ASKED}
    none, *others = next(iter(arms.values()))
    tests = {
        (key, arm): mcnemar({arm: _one(found[arm]), none: _one(found[none])})
        for key, found in arms.items()
        for arm in others
    }
    corrected = dict(zip(tests, holm(list(tests.values())), strict=True))
    columns = ("", "arm", "converged", "share of all seeds", "arm less none", "p, Holm")
    yield from head((*columns, "share of those that converge"))
    for key, found in arms.items():
        for arm, values in found.items():
            ones, converged = _one(values), [seed for seed, value in values.items() if value is not None]
            hits = sum(ones.values())
            cells = (percent(share_of(hits, len(ones))), *points_and_p(corrected.get((key, arm))))
            of_converged = percent(share_of(hits, len(converged)))
            yield row((ASKED[key], arm, f"{len(converged)} of {len(ones)}", *cells, of_converged))


def survivors_table() -> Iterator[str]:
    """The seeds that converge with and without: shares and medians of both, and how the arm differs from none."""
    yield from head(("", "arm", "pairs", "with", "without", "arm less none, or by none"))
    for key, words in (*ASKED.items(), *COUNTED.items()):
        none, *others = arms_of(key).items()
        for arm, values in others:
            pairs = {
                seed: (value, before)
                for seed, value in values.items()
                if value is not None and (before := none[1][seed]) is not None
            }
            told = _shares(pairs) if words in ASKED.values() else _counts(pairs)
            yield row((words, arm, len(pairs), *told))


def _shares(pairs: Mapping[int, tuple[float, float]]) -> tuple[str, str, str]:
    """Exactly one, with and without, and the difference of the shares."""
    sides = [{seed: pair[side] == 1 for seed, pair in pairs.items()} for side in (0, 1)]
    shares = [percent(share_of(sum(side.values()), len(side))) for side in sides]
    return shares[0], shares[1], points_and_p(mcnemar(dict(zip(("with", "without"), sides, strict=True))))[0]


def _counts(pairs: Mapping[int, tuple[float, float]]) -> tuple[str, str, str]:
    """Medians with and without, and the ratio with its 90% interval."""
    sides = [{seed: pair[side] for seed, pair in pairs.items()} for side in (0, 1)]
    ratio = ratio_of(dict(zip(("with", "without"), sides, strict=True)))
    medians = [number(median(side.values())) for side in sides]
    return medians[0], medians[1], f"a factor of {number(ratio.factor)} ({number(ratio.low)}–{number(ratio.high)})"
