"""The tables of the study of discovery methods: which of all valid circuits does each of them answer?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from analysis.circuits.search import search_circuits
from analysis.discovery.audit import audit, location_json
from analysis.discovery.location import Landscape
from analysis.discovery.registry import read_method
from analysis.studies.measures.measure import answer_key
from analysis.studies.statistics import share_of
from analysis.studies.summary import Group, StudySummary
from benchmarks.findings.results import summary_of
from benchmarks.findings.tables import arms_of, head, number, percent, quartiles, row
from benchmarks.parity import question_of

SLUG: Final = "each-method"
NULLS: Final = dict.fromkeys(("2-2", "4-4", "5-5"), "drawn-methods-widths") | {"3-3": "drawn-methods"}
"""Studies of drawn networks, by width."""
_PASSED: Final = {
    "audit-cardinal": "smallest",
    "audit-subset": "subset-minimal",
    "audit-mean": "valid under mean too",
    "audit-resample": "valid under resample too",
    "audit-faithful": "valid and faithful to the output",
}

_PROTOTYPE: Final = {
    "acdc": "13, no. 34",
    "acdc(ablation=pairs)": "14, no. 95",
    "acdc(tau=0.1)": "7, not valid, 3 away",
    "acdc(loss=decision,tau=0.5)": "10, no. 1",
    "eap": "**18**, no. 197",
    "eap(metric=mse,signed=true)": "–",
    "eap-ig": "**17**, no. 195",
    "eap-ig(path=ends,signed=true)": "–",
    "eap(ablation=zero)": "16, no. 176",
    "weights": "15, no. 143",
    "random": "–",
}
"""Answers on the pretrained network, with what the prototype has for them: edges, and a place by size."""


def pretrained_table() -> Iterator[str]:
    """Where answers about the authors' pretrained network stand, beside the prototype's."""
    landscape = Landscape(question_of("xor_pretrained"), search_circuits(question_of("xor_pretrained")))
    yield from head(
        ("", "edges", "place by size", "valid of its size", "subset-minimal", "resample", "faithful", "prototype [O]")
    )
    found = audit(landscape, [read_method(text) for text in _PROTOTYPE])
    for (text, theirs), one in zip(_PROTOTYPE.items(), found, strict=True):
        if one.location is not None:
            told = location_json(one.location, landscape.question.layout, complete=True)
            yield row((f"`{text}`", *_place(told, landscape.circuits.n_valid), theirs))


def _place(told: Mapping[str, Any], n_valid: int) -> tuple[str, ...]:
    """Edges, place, chance and three criteria of one answer, from its location as JSON values."""
    first = told["rank"]["smaller"] + 1
    last = told["rank"]["smaller"] + told["rank"]["equal"]
    place = f"{first} to {last} of {n_valid}" if last > first else f"{last} of {n_valid}"
    criteria = told["criteria"] or {}
    return (
        str(told["edges"]),
        place if told["valid"] else f"not valid, {told['nearest']['distance']} away",
        f"{told['chance']['valid']:,} of {told['chance']['possible']:,}",
        *(
            {True: "yes", False: "no"}.get(criteria.get(key), "–")
            for key in ("minimal-subset", "resample-ablation", "output-faithfulness")
        ),
    )


def _group(summary: StudySummary, measure: str, width: str) -> Group:
    return summary.together(measure, "complete", {"hidden": width})


def widths_table() -> Iterator[str]:
    """For each method and width the share of networks with a valid answer, and the median excess of these."""
    summary = summary_of(SLUG)
    widths = summary.design.labels("hidden")
    yield from head(("valid, median excess", *widths))
    for method in summary.design.methods:
        cells = []
        for width in widths:
            valid = _group(summary, answer_key("audit-valid", method), width)
            excess = _group(summary, answer_key("audit-excess", method), width).spread.median
            cells.append(f"{percent(valid.yes)}, **{number(excess)}**")
        yield row((f"`{method}`", *cells))


def null_table(width: str) -> Iterator[str]:
    """The share of networks with a valid answer and the median excess of these, for trained and for drawn networks.

    Args:
        width: level of the hidden layers.
    """
    arms = arms_of(SLUG, NULLS[width])
    where = [dict(arm.where, hidden=width) for arm in arms]
    yield from head(("valid, median excess", *(arm.name for arm in arms)))
    for method in summary_of(NULLS[width]).design.methods:
        cells = []
        for arm, levels in zip(arms, where, strict=True):
            summary = summary_of(arm.slug)
            valid = summary.together(answer_key("audit-valid", method), "complete", levels)
            excess = summary.together(answer_key("audit-excess", method), "complete", levels).spread.median
            cells.append(f"{percent(valid.yes)}, **{number(excess)}**")
        yield row((f"`{method}`", *cells))
    together = ((summary_of(arm.slug), levels) for arm, levels in zip(arms, where, strict=True))
    counts = [summary.together("audit-one-answer", "complete", levels) for summary, levels in together]
    yield row(("all nine the same", *(percent(group.yes) for group in counts)))
    yield row(("converged or accepted", *(f"{group.of - group.failed:,} of {group.of:,}" for group in counts)))


def answers_table(width: str) -> Iterator[str]:
    """Where the answers of each method stand in networks of one width.

    Args:
        width: level of the hidden layers.
    """
    summary = summary_of(SLUG)
    passed = {
        measure: words
        for measure, words in _PASSED.items()
        if any(_group(summary, answer_key(measure, method), width).points for method in summary.design.methods)
    }
    yield from head(
        (
            "",
            "valid",
            "right only as a raw mask",
            "edges more than the smallest",
            "chance at its size",
            *passed.values(),
            "of the valid: tells the network's story",
        )
    )
    for method in summary.design.methods:
        of = {
            measure: _group(summary, answer_key(measure, method), width)
            for measure in ("audit-valid", "audit-raw-alone", "audit-excess", "audit-chance", "audit-story", *passed)
        }
        yield row(
            (
                f"`{method}`",
                percent(of["audit-valid"].yes),
                percent(of["audit-raw-alone"].yes),
                quartiles(of["audit-excess"].spread),
                _chance(of["audit-chance"].spread.median),
                *(percent(of[measure].yes) for measure in passed),
                f"{percent(of['audit-story'].yes)} of {of['audit-story'].yes.of:,}",
            )
        )


def together_table() -> Iterator[str]:
    """What the answers of all methods are together, a row for each width."""
    summary = summary_of(SLUG)
    yield from head(
        (
            "",
            "converged, of networks",
            "valid circuits",
            "edges of the smallest",
            "subset-minimal circuits",
            "different default answers",
            "different valid ones",
            "all nine the same",
            "median share of valid circuits reached",
            "under every threshold",
            "median share of subset-minimal ones reached",
            "under every threshold",
            "all of these",
        )
    )
    for width in summary.design.labels("hidden"):
        of = {key: _group(summary, key, width) for key, measure in summary.measures.items() if not measure.of_answer}
        circuits, minimal = of["audit-circuits"], of["audit-swept-coverage-minimal"]
        counts = ("audit-circuits", "audit-smallest", "audit-minimal", "audit-distinct", "audit-distinct-valid")
        shares = ("coverage", "swept-coverage", "coverage-minimal", "swept-coverage-minimal")
        yield row(
            (
                width,
                f"{circuits.of - circuits.failed:,} of {circuits.of:,}",
                *(quartiles(of[key].spread) for key in counts),
                percent(of["audit-one-answer"].yes),
                *(_chance(of[f"audit-{key}"].spread.median) for key in shares),
                percent(share_of(minimal.spread.ones, len(minimal.points))),
            )
        )


def _chance(share: float | None) -> str:
    """A share of which some are tiny, as a percentage to two digits."""
    return "–" if share is None else f"{float(f'{100 * share:.2g}'):g}%"
