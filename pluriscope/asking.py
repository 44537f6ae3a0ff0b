"""Asking an analysis of a result: what it looks at, such as verdicts, is read off the result or computed from it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import numpy as np

from pluriscope.algorithms import Algorithm, Algorithms
from pluriscope.analyses.registry import ANALYSES, EVERY
from pluriscope.analysis.alignments.alignment import OnNeurons
from pluriscope.analysis.criteria.criterion import KINDS
from pluriscope.analysis.criteria.funnel import DEFAULT_PRESET, Judged
from pluriscope.analysis.criteria.judging import JudgedAnalysis, judge_analysis
from pluriscope.analysis.errors import AnalysisError, InvalidIntervention
from pluriscope.analysis.explanations.probes import table_text
from pluriscope.analysis.explanations.registry import KIND_OF
from pluriscope.analysis.interpretations.counting import count_interpretations
from pluriscope.analysis.lenses.functions import without_sign
from pluriscope.analysis.report import Analysed, Carried, Irredundant, Placed, Report, Settings
from pluriscope.analysis.steering.report import SteeringReport
from pluriscope.analysis.steering.report import find as steer
from pluriscope.analysis.work import Work
from pluriscope.explanations import Explanation
from pluriscope.findings import Findings
from pluriscope.progress import telling

_LITERALS: Final = "irredundant-literals"


def asked(of: Findings, algorithms: Algorithms | None, key: str, *, thorough: bool) -> Report:
    """What one analysis finds.

    Args:
        of: that is asked.
        algorithms: that were found in it; None where its kind has none.

    Raises:
        AnalysisError: there is no such analysis, or it says nothing of such a network.
    """
    item, known = f"analysis {key[:40]!r}", {one.key: one for one in ANALYSES}
    if alone := next((one for one in EVERY if one.key == key and one.asks), None):
        raise AnalysisError(item, "needs something of your own", f"use {alone.asks}")
    if key not in known:
        raise AnalysisError(item, "is unknown of a network", f"use {', '.join(known)}")
    analysis = known[key]
    if refusal := analysis.refuses(of.question, of.network_file.planted):
        raise AnalysisError(item, f"does not apply: {refusal.rstrip('.')}", "choose another one")
    if thorough and not analysis.more(of.question.kind):
        raise AnalysisError(item, "does all there is", "leave thorough out")
    with telling() as tell:
        work = Work(tell, time.perf_counter)
        if algorithms is None:  # beside circuits there is only what was planted
            more = {"planted": of.question.kind.explaining.planted(of.network_file, of.question)}
        else:
            more = {name: _READERS[name](of, algorithms, work) for name in analysis.reads}
        found = analysis.finds(Analysed(of.question, of.search, **more), Settings(thorough=thorough), work)
        return found.asked_about(of.question)


def steered(
    of: Findings, algorithms: Algorithms | None, settings: Mapping[str, object], into: Findings | None
) -> SteeringReport:
    """What steering does, and what the explanations that were found predict of it.

    Args:
        of: whose network is steered.
        algorithms: that were found in it; None where its kind has none.
        settings: of :data:`pluriscope.analysis.steering.directions.SETTINGS`.
        into: another result, to whose network the direction is transferred.

    Raises:
        AnalysisError: there is no such site, class or direction, or the other network has other rows.
    """
    with telling() as tell:
        work = Work(tell, time.perf_counter)
        placed = None if algorithms is None else _placed(of, algorithms, work)
        other = None if into is None else (into.name, into.question)
        return steer(Analysed(of.question, of.search, placed=placed), settings, other, work)


def placed_at(one: Explanation, at: str) -> dict[str, str]:
    """Settings of steering for the first function that an explanation has at a site.

    Raises:
        InvalidIntervention: it has none there.
    """
    claims = KIND_OF[one.kind].claims(one.value)
    here = [claim for claim in claims if claim.layer and claim.says == "function" and at in ("", str(claim.layer))]
    if not here:
        cause = f"places no function{f' at site {at[:20]!r}' if at else ' on the network'}"
        raise InvalidIntervention(f"explanation {one.ref}", cause, "choose a placement, or another site")
    on = "+".join(map(str, here[0].neurons)) or ",".join(map(repr, here[0].directions[0]))
    table = table_text(here[0].function, one.result.question.network.n_inputs)
    return {"at": str(here[0].layer), "along": "placement", "of": table, "on": on}


def _classes(of: Findings, work: Work) -> list[int]:
    """Observed classes of each listed circuit; 0 where a limit ended counting before it."""
    masks = of.masks[: of.found["interpretations"].get("truncated_at")]
    return [*count_interpretations(of.question, masks, work).observed_by_circuit, *[0] * (len(of.masks) - len(masks))]


def _carried(of: Findings, algorithms: Algorithms) -> Carried:
    listed = [one for one in algorithms if one.variables]
    irredundant = [one for one in listed if one.told["irredundant"].get(_LITERALS)]
    places = {
        (site.layer, without_sign(function, one.value.n_inputs))
        for one in irredundant
        for alignment in one.alignments
        if alignment.valid
        for path, site in alignment.placement.places
        for function in (variable.function for variable in one.value.variables if variable.path == path)
    }
    decided = all(one.told["irredundant"].get(_LITERALS) is not None for one in listed)
    all_tried = all(one.told["truncated_at"] != 0 for one in algorithms)
    return Carried(
        tuple(one.value for one in irredundant if one.is_aligned),
        tuple(one.value for one in irredundant if not one.is_aligned),
        frozenset(places),
        len(irredundant),
        decided and all_tried and of.found["candidates_truncated_at"] is None,
    )


def _irredundant(of: Findings, algorithms: Algorithms) -> Irredundant:
    some = tuple(one.value for one in algorithms if one.told["irredundant"].get(_LITERALS) is not False)
    return Irredundant(some, int(of.found["candidates"]), len(algorithms) == int(of.found["candidates"]))


def _placed(of: Findings, algorithms: Algorithms, work: Work) -> Placed:
    some = [one for one in algorithms if len(one.alignments)]
    return Placed(
        [one.value for one in some],
        [[alignment.placement.places for alignment in one.alignments] for one in some],
        [[alignment.valid for alignment in one.alignments] for one in some],
        _classes(of, work),
    )


def _judged(of: Findings, algorithms: Algorithms, work: Work) -> Judged:
    """Verdicts of the recommended sequence on what was found."""
    totals, observed = [int(n or 0) for n in of.interpretation_counts], _classes(of, work)
    owned = [(place, one) for place, algorithm in enumerate(algorithms) for one in _valid(algorithm)]
    values = tuple(one.value for one in algorithms)
    subject = JudgedAnalysis(
        question=of.question,
        masks=of.masks,
        exhaustive=of.search.truncated_at is None and of.search.method == "listed",
        interpretations=tuple(totals),
        observed=tuple(observed),
        algorithms=values,
        alignments=tuple((values[place], scored) for place, scored in owned),
        all_counted="truncated_at" not in of.found["interpretations"],
    )
    steps = [(kind, one) for one in DEFAULT_PRESET.steps for kind in KINDS if one.criterion.applies_to(kind)]
    found = {(one.kind, one.step): one for one in judge_analysis(subject, steps, work)}

    def outcomes(wanted: Iterable[Any]) -> Mapping[Any, Any]:
        return {one: found[one].outcomes for one in wanted if one in found}

    def readings(wanted: Iterable[Any]) -> Mapping[Any, Any]:
        return {one: found["interpretation", one].readings for one in wanted if ("interpretation", one) in found}

    n = {"circuit": len(of.masks), "interpretation": len(of.masks), "algorithm": len(values), "alignment": len(owned)}
    return Judged(
        n,
        outcomes,
        readings,
        totals,
        observed,
        np.array([place for place, _ in owned], dtype=np.int64),
        int(of.found["candidates"]),
        {key: one.note for key, one in found.items() if one.note},
    )


def _valid(algorithm: Algorithm) -> list[OnNeurons]:
    return [OnNeurons(one.placement, one.iia, one.minimal, one.margin) for one in algorithm.alignments if one.valid]


_READERS: Final[Mapping[str, Callable[[Findings, Algorithms, Work], Any]]] = {
    "observed": lambda of, _, work: [] if "truncated_at" in of.found["interpretations"] else _classes(of, work),
    "carried": lambda of, algorithms, _: _carried(of, algorithms),
    "irredundant": lambda of, algorithms, _: _irredundant(of, algorithms),
    "planted": lambda of, _, __: of.question.kind.explaining.planted(of.network_file, of.question),
    "placed": _placed,
    "judged": _judged,
}
"""Fields of :class:`pluriscope.analysis.report.Analysed` that few analyses look at."""
