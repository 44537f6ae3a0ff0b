"""Asking more of a result: an analysis, which reads what it looks at off the result or computes it, or a count anew."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analyses.registry import ANALYSES, EVERY
from pluriscope.analysis.criteria.criterion import KINDS
from pluriscope.analysis.criteria.funnel import DEFAULT_PRESET, Judged
from pluriscope.analysis.criteria.judged_on_sites import judged_on_sites
from pluriscope.analysis.criteria.judging import JudgedAnalysis, judge_analysis
from pluriscope.analysis.criteria.steps import CriterionStep
from pluriscope.analysis.errors import AnalysisError, one_of
from pluriscope.analysis.explaining.count_report import CountReport
from pluriscope.analysis.interpretations.counting import count_interpretations
from pluriscope.analysis.methods.report import Analysed, Report, Settings
from pluriscope.analysis.network_files.result_file import read_algorithms
from pluriscope.analysis.placements.report import PlacementsReport
from pluriscope.analysis.placements.result import AlgorithmSearch
from pluriscope.analysis.readings.report import InterpretationsReport, find
from pluriscope.analysis.running.limits import DEFAULT_SECONDS
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.values.certainty import Certainty
from pluriscope.objects.findings import Findings
from pluriscope.objects.progress import Reader, Seconds, reporting, working


def ask(self: Findings, key: str, *, thorough: bool = False, algorithms: Sequence[str] = ()) -> Report:
    """Make an analysis, such as "stories" or "funnel". Returns its report: every number, under the name that it has in
    JSON.

    Args:
        key: which, as its address has it.
        thorough: do also what takes long, where there is such.
        algorithms: texts of algorithms with finite variables that "algorithms" places beside those of vocabularies.

    Raises:
        AnalysisError: there is no such analysis, or it says nothing of such networks.
    """
    item, known = f"analysis {key[:40]!r}", {one.key: one for one in ANALYSES}
    if alone := next((one for one in EVERY if one.key == key and one.asks), None):
        raise AnalysisError(item, "needs something of your own", f"use {alone.asks}")
    if key not in known:
        raise AnalysisError(item, "is unknown of a network", one_of(key, known))
    analysis = known[key]
    if refusal := analysis.refuses(self.question, self.network_file.planted):
        raise AnalysisError(item, f"does not apply: {refusal.rstrip('.')}", "choose another one")
    if thorough and not analysis.more(self.question.kind):
        raise AnalysisError(item, "does all there is", "leave thorough out")
    if algorithms and not analysis.written:
        raise AnalysisError(item, "places no algorithms", "leave algorithms out, or ask for algorithms")
    with reporting() as show:
        work = Work(show, time.perf_counter)
        formulas = formulas_of(self)
        if formulas is None:  # beside circuits there is only what was planted
            more = {"planted": self.question.kind.explaining.planted(self.network_file, self.question)}
            more |= _on_sites(self) if "placements" in analysis.reads else {}
        else:
            more = {name: _READERS[name](self, formulas, work) for name in analysis.reads if name in _READERS}
        settings = Settings(thorough=thorough, algorithms=tuple(algorithms))
        found = analysis.finds(Analysed(self.question, self.search, **more), settings, work)
        return found.asked_about(self.question)


def count(
    self: Findings,
    how: Certainty | None = None,
    *,
    at_most_edges: int | None = None,
    keeps: Sequence[str] = (),
    seconds: Seconds = DEFAULT_SECONDS,
    seed: int = 0,
    report: Reader = None,
) -> CountReport:
    """Count the valid circuits, with the size of the smallest and the parts that all keep, each with how sure it is.

    Args:
        how: the certainty wanted; None for the best that ends in time.
        at_most_edges: count only circuits with at most so many, or nodes where masks name nodes.
        keeps: and that keep each of these edges and nodes, such as "n1.2" and "A-n1.0".
        seconds: as of :func:`pluriscope.explain`.
        seed: of all draws.
        report: likewise.

    Raises:
        AnalysisError: what is wanted is out of reach, with what would do.
    """
    from pluriscope.kinds.circuits import facet_of

    facet = facet_of(self.question, at_most_edges, keeps)
    with working(seconds, report) as work:
        found: CountReport = self.question.kind.explaining.count(self.question, work, how, seed, facet)
        return found


def placements_of(of: Findings) -> PlacementsReport:
    """The placements of algorithms on the sites of a network: of the result file, or computed."""
    if (found := of.found.get("placements")) is not None:
        return PlacementsReport.model_validate(found).asked_about(of.question)
    report: PlacementsReport = ask(of, "algorithms")  # type: ignore[assignment]
    return report


def interpretations_of(of: Findings) -> InterpretationsReport:
    """The interpretations of the smallest circuits by variables of the task, of a network with sites."""
    with reporting() as show:
        settings, work = Settings(algorithms=of.algorithm_texts), Work(show, time.perf_counter)
        return find(Analysed(of.question, of.search), settings, work).asked_about(of.question)


def _on_sites(of: Findings) -> dict[str, Any]:
    """What is placed on the sites of a network, and what criteria say of that and of circuits."""
    placed, population = placements_of(of), of.population
    order = np.argsort(of.judged_order)

    def judged(step: CriterionStep) -> NDArray[np.uint8] | None:
        return step.criterion.judge(population, step.settings).outcomes[order]

    masks = [of.question.graph.to_hex(int(mask)) for mask in of.masks]
    return {"placements": placed, "judged": judged_on_sites(of.question, masks, judged, placed, None)}


def formulas_of(of: Findings) -> AlgorithmSearch | None:
    """The formulas of a result with their placements; None where its kind of network has none."""
    return read_algorithms(of.found, of.question) if of.offers("formulas") else None


def classes_of(of: Findings, work: Work) -> list[int]:
    """Observed classes of each listed circuit; 0 where a limit ended counting before it."""
    masks = of.masks[: of.found["interpretations"].get("truncated_at")]
    return [*count_interpretations(of.question, masks, work).observed_by_circuit, *[0] * (len(of.masks) - len(masks))]


def _judged(of: Findings, formulas: AlgorithmSearch, work: Work) -> Judged:
    """Verdicts of the recommended sequence on what was found."""
    totals, observed = [int(n or 0) for n in of.interpretation_counts], classes_of(of, work)
    values = tuple(one.algorithm for one in formulas.algorithms)
    owned = [(at, one) for at, found in enumerate(formulas.algorithms) for one in found.alignments if one.valid]
    subject = JudgedAnalysis(
        question=of.question,
        masks=of.masks,
        exhaustive=of.search.truncated_at is None and of.search.method == "listed",
        interpretations=tuple(totals),
        observed=tuple(observed),
        algorithms=values,
        alignments=tuple((values[position], scored) for position, scored in owned),
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
        np.array([position for position, _ in owned], dtype=np.int64),
        formulas.n_candidates,
        {key: one.note for key, one in found.items() if one.note},
    )


_READERS: Final[Mapping[str, Callable[[Findings, AlgorithmSearch, Work], Any]]] = {
    "observed": lambda of, _, work: [] if "truncated_at" in of.found["interpretations"] else classes_of(of, work),
    "formulas": lambda _, formulas, __: formulas,
    "planted": lambda of, _, __: of.question.kind.explaining.planted(of.network_file, of.question),
    "classes": lambda of, _, work: classes_of(of, work),
    "judged": _judged,
}
"""Fields of :class:`pluriscope.analysis.methods.report.Analysed` that few analyses look at."""
