"""Outcomes for a claim in the terms of Mechanistic Validity.

That framework has 27 criteria of five types of validity, and calls each passed, partial or open; what is refuted is
failed. Seven ask what an audit decides. The others ask about further tasks, prompts, models and training, about the
instrument, or about the words of a claim: they are open of every circuit of one network. So no tier is given.

Source: Mechanistic Validity, mechanistic-validity.github.io, the index of its criteria and the pages of these seven, as
of 2026. Numbers of criteria differ between its versions, so that they go by their names here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from pluriscope.analysis.methods.report import Part

Outcome = Literal["passed", "partial", "failed", "open"]
ALPHA: Final = 0.05
"""The largest p at which a claim counts as better than chance."""
_UNDER: Final = ("zero", "mean", "resample")


class Term(Part):
    """A criterion of the framework, applied to a claim."""

    criterion: str
    validity: Literal["construct", "internal", "measurement", "interpretive"]
    outcome: Outcome
    why: str


def in_terms(answer: Mapping[str, Any], null: Sequence[Mapping[str, Any]]) -> list[Term]:
    """Apply the criteria of the framework that are decided for a circuit.

    Args:
        answer: its location, see :func:`~pluriscope.analysis.discovery.audit.location_json`.
        null: how it compares with null networks (:func:`~pluriscope.analysis.discovery.audit.null_json`); empty if
            there was no comparison.
    """
    if not answer["valid"]:
        return [Term(validity="internal", criterion="sufficiency", outcome="failed", why="it is not valid")]
    return [
        Term(validity=validity, criterion=criterion, outcome=outcome, why=why)
        for validity, criterion, outcome, why in _decided(answer, null)
    ]


def _decided(answer: Mapping[str, Any], null: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Any, str, Outcome, str]]:
    criteria, rank = answer["criteria"] or {}, answer["rank"]
    yield "internal", "sufficiency", "passed", "it decides right alone"
    needed, minimal = criteria.get("necessity"), criteria.get("minimal-local")
    why = {
        None: "necessity was not judged",
        True: "without it the rest is not valid; that is one ablation, and two are asked for",
        False: "without it the rest is valid too",
    }
    yield "internal", "necessity", _as(needed, "partial"), why[needed]
    under = {key: answer["under"].get(key) for key in _UNDER}
    wrong = [key for key, valid in under.items() if valid is False]
    known = None if None in under.values() and not wrong else not wrong
    of_all = "valid with zeros, means and one input’s values for what is cut, on every row"
    why = {None: "not every ablation was tried", True: of_all, False: f"not valid under {' and '.join(wrong)} ablation"}
    yield "internal", "consistency", _as(known), why[known]
    others = max(0, int(rank["smaller"]) + int(rank["equal"]) + int(rank["larger"]) - 1)
    about = "" if rank.get("exact", True) else "about "
    rivals = (
        f"{about}{others:,} other circuits are valid: it is one circuit among them" if others else "no other is valid"
    )
    yield "internal", "rival mechanism exclusion", "partial" if others else "passed", rivals
    why = {
        None: "minimality was not judged",
        True: f"each of its edges is needed by the others; it has {answer['excess'] or 'no'} more than the smallest",
        False: "an edge can be left out",
    }
    yield "construct", "minimality", _as(minimal), why[minimal]
    near = {one["model"]: one["p"] for one in null if not one["standard"]}
    values = ", ".join(f"p = {p:.3g} against {model} networks" for model, p in near.items())
    far = [p <= ALPHA for p in near.values()]
    apart: Outcome = "open" if not far else "passed" if all(far) else "partial" if any(far) else "failed"
    yield "measurement", "baseline separation", apart, values or "null networks were not asked"
    carried = answer["story"]["carried"] if answer["story"] else []
    stories = f"it carries {len(carried) or 'no'} candidate algorithm{'s' * (len(carried) != 1)}"
    left: Outcome = "open" if not carried else "passed" if len(carried) == 1 else "partial"
    yield "interpretive", "alternative exclusion", left, stories if answer["story"] else "no algorithms were sought"


def _as(passed: bool | None, good: Outcome = "passed") -> Outcome:
    return "open" if passed is None else good if passed else "failed"
