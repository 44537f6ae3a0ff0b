"""The tables of the study of planted networks: is the planted circuit valid, and what would a benchmark count?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from analysis.discovery.audit import ANSWERED, FALSE_ERRORS, Answered
from analysis.studies.measures.planted import ASKED
from analysis.studies.statistics import share_of
from analysis.studies.summary import Group
from benchmarks.findings.results import summary_of
from benchmarks.findings.story_table import mean_share
from benchmarks.findings.tables import head, percent, quartiles, row

SLUG: Final = "planted-recovery"
_WORDS: Final[dict[Answered, str]] = {
    "recovered": "planted, valid",
    "planted-invalid": "planted, not valid",
    "contains": "contains it, valid",
    "inside": "inside it, valid",
    "another": "another, valid",
    "invalid": "not valid",
}


def planted_table() -> Iterator[str]:
    """Whether the planted circuit and alignment pass, a row for each way to plant."""
    summary = summary_of(SLUG)
    found = {key: summary.groups(key, "complete", "planting") for key in summary.design.measures}
    yield from head(
        (
            "",
            "learned, of networks",
            "planted circuit valid: zero",
            "mean",
            "resample",
            "every joint interchange right",
            "proved whatever is off the circuit",
            "planted circuit minimal",
            "valid circuits",
            "others no larger",
        )
    )
    for position, group in enumerate(found["planted-zero"]):
        of = {key: told[position] for key, told in found.items()}
        shares = [
            percent(of[f"planted-{name}"].yes) for name in ("zero", "mean", "resample", "joint", "certified", "minimal")
        ]
        learned = f"{group.of - group.failed:,} of {group.of:,}"
        counts = [quartiles(of[f"planted-{name}"].spread) for name in ("circuits", "equals")]
        yield row((f"`{group.label}`", learned, *shares, *counts))


def methods_table() -> Iterator[str]:
    """What the answers of each method are beside the planted circuit, over all networks."""
    summary = summary_of(SLUG)
    yield from head(("", "answers", *_WORDS.values(), "counted as errors", "of these valid"))
    for method in ASKED:
        told = _counted(summary.groups(f"planted-{method.key}", "complete", None))
        total, errors, false = _errors(told)
        shares = percent(share_of(errors, total)), percent(share_of(false, errors)) if errors else "–"
        yield row((method.label, f"{total:,}", *(f"{told[name]:,}" for name in _WORDS), *shares))


def recovered_table() -> Iterator[str]:
    """Networks in which each method answers with the planted circuit, which is valid: a row for each way to plant."""
    summary = summary_of(SLUG)
    found = {method: summary.groups(f"planted-{method.key}", "complete", "planting") for method in ASKED}
    yield from head(("", *(method.label for method in ASKED)))
    for position, group in enumerate(summary.groups("planted-zero", "complete", "planting")):
        groups = [found[method][position] for method in ASKED]
        shares = [percent(share_of(one.categories["recovered"], len(one.points))) for one in groups]
        yield row((f"`{group.label}`", *shares))


def errors_table() -> Iterator[str]:
    """The same of all methods together for each way to plant; shares are means over networks."""
    summary = summary_of(SLUG)
    found = {key: summary.groups(key, "complete", "planting") for key in summary.design.measures}
    yield from head(
        ("", "answers", *_WORDS.values(), "counted as errors", "of these valid", "unseen: planted, not valid")
    )
    for position, group in enumerate(found["planted-zero"]):
        told = _counted([found[f"planted-{method.key}"][position] for method in ASKED])
        total, _, _ = _errors(told)
        shares = [
            mean_share(found[f"planted-{name}"][position])
            for name in ("counted-errors", "false-errors", "unseen-errors")
        ]
        yield row((f"`{group.label}`", f"{total:,}", *(f"{told[name]:,}" for name in _WORDS), *shares))


def _counted(groups: Sequence[Group]) -> dict[Answered, int]:
    """How many answers of some groups are what."""
    return {name: sum(group.categories[name] for group in groups) for name in ANSWERED}


def _errors(told: dict[Answered, int]) -> tuple[int, int, int]:
    """Answers, those that are not the planted circuit, and of these the valid ones."""
    total = sum(told.values())
    errors = total - told["recovered"] - told["planted-invalid"]
    return total, errors, sum(told[name] for name in FALSE_ERRORS)
