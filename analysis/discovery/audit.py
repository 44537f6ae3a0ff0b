"""An audit: what methods answered about one output and what was claimed of it, circuits located among all valid ones.

Written as ``pluriscope-audit/1``. Absent keys are left out, unknown values are null, and numbers are finite.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, Protocol

from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.circuit_sets.chance import SizeChance
from pluriscope.analysis.discovery.claims import Claim
from pluriscope.analysis.discovery.landscape import Landscape, Location, distance
from pluriscope.analysis.discovery.mechanistic_validity import in_terms
from pluriscope.analysis.discovery.method import Answer, DiscoveryMethod
from pluriscope.analysis.discovery.ties import decide, ties_json
from pluriscope.analysis.errors import InvalidMethod
from pluriscope.analysis.methods.report import Part
from pluriscope.analysis.methods.settings import Settings
from pluriscope.analysis.numerics.large_numbers import estimate
from pluriscope.analysis.planted.circuit import PlantedExplanation, recovery_of
from pluriscope.analysis.running.progress import LATE, OutOfTime, Progress
from pluriscope.analysis.running.work import DEFAULT_WORK, Work
from pluriscope.analysis.subjects.graph import Graph
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.values.exact import exact

AUDIT_FORMAT: Final = "pluriscope-audit/1"
_STRUCTURAL, _BY_FUNCTION = "-structural", "-by-function"


class Baseline(Protocol):
    """A baseline that valid circuits are compared with, such as networks that have learned nothing."""

    def against(self, edges: int, met: Collection[str]) -> Sequence[Part]:
        """Records about a valid circuit of so many edges, which meets some criteria."""


@dataclass(frozen=True, eq=False)
class Audited:
    """An answer of a method, located among the valid circuits.

    Args:
        method: its key; "circuit" of a claim.
        settings: all of them.
        name: of a claim; "" of a method's answer.
        answer: what was answered.
        location: None where there is no mask.
        seconds: that the answer took, 0 without a clock.
        ablation: that it was found under; "" where that is not known.
        ties: that it rests on, as the file has them; None where there are none.
        note: what was taken for granted when a claim was read, or why a method does not apply; "" for nothing.
    """

    method: str
    settings: Settings
    name: str
    answer: Answer
    location: Location | None
    seconds: float = 0.0
    ablation: str = ""
    ties: Mapping[str, Any] | None = None
    note: str = ""


def audit(
    landscape: Landscape[SubjectQuestion],
    methods: Sequence[tuple[DiscoveryMethod, Settings]],
    claims: Mapping[str, Claim] = MappingProxyType({}),
    work: Work = DEFAULT_WORK,
) -> tuple[Audited, ...]:
    """Run methods, and locate their answers and claims: methods first, each in the order given.

    Args:
        landscape: all valid circuits of a network's output, or of a model.
        methods: each with every setting (:meth:`~pluriscope.analysis.methods.method.Method.filled`).
        claims: of others, each with a name.
        work: reports "methods" before each; may cancel.

    Raises:
        InvalidMethod: no method fits the task, the network or the model; one of several is "undefined", with a note.
        Cancelled: the report stopped the work.
    """
    found: list[Audited] = []
    refusals: list[InvalidMethod] = []
    for done, (method, settings) in enumerate(methods):
        work.report(Progress("methods", done, len(methods), method.key))
        begun, own = work.clock(), work.reporting_to(_within(work, done, methods))
        ablation = str(settings.get("ablation", ""))
        try:
            work.check()
            answer, note = method.answer(landscape.under(ablation), settings, own), ""
        except InvalidMethod as problem:  # of this task or network; what cannot be read is refused before
            refusals.append(problem)
            answer, note = Answer("undefined", None), f"{problem.item}: {problem.cause}"
        except OutOfTime:
            answer, note = Answer("undefined", None), LATE
        found.append(Audited(method.key, settings, "", answer, None, work.clock() - begun, ablation, note=note))
    if refusals and len(refusals) == len(methods) and not claims:
        raise refusals[0]
    for name, claim in claims.items():
        answer = claim.answer(landscape.under(claim.ablation))
        found.append(Audited("circuit", {}, name, answer, None, ablation=claim.ablation, note=claim.note))
    work.report_step("methods", len(methods), max(1, len(methods)))
    masks = [(one.answer.raw_mask, one.ablation) for one in found if one.answer.raw_mask is not None]
    locations = iter(landscape.locate_all([(mask, landscape.under(own) if own else None) for mask, own in masks]))
    located = [one if one.answer.raw_mask is None else replace(one, location=next(locations)) for one in found]
    return tuple(_with_ties(one, landscape) for one in located)


def _with_ties(one: Audited, landscape: Landscape[SubjectQuestion]) -> Audited:
    """An answer with its ties; fragile where they decide whether it is valid."""
    answer = one.answer
    if answer.raw_mask is None or answer.ways is None:
        return one
    ties = ties_json(answer.ways, answer.raw_mask, landscape.under(one.ablation))
    fragile = answer.fragile or (ties is not None and decide(ties))
    return replace(one, answer=replace(answer, fragile=fragile), ties=ties)


def _within(work: Work, done: int, methods: Sequence[Any]) -> Any:
    """Return a reporter that counts one method's steps as a part of all."""
    return lambda progress: work.report_step("methods", done, len(methods), progress.found)


def audit_json(
    landscape: Landscape[SubjectQuestion],
    found: Sequence[Audited],
    seconds: Mapping[str, float],
    missing: Sequence[str] = (),
    planted: PlantedExplanation | None = None,
    null: Baseline | None = None,
) -> dict[str, Any]:
    """An audit as JSON values.

    Args:
        found: the answers.
        seconds: by stage.
        missing: sentences about what stopped at a limit.
        planted: what was planted in the network, if anything was.
        null: the null networks that valid answers are held against; None where nobody asked.
    """
    graph, known, complete = landscape.graph, landscape.known, landscape.complete
    backbone = known.backbone
    document: dict[str, Any] = {
        "format": AUDIT_FORMAT,
        **landscape.about,
        "engine": ENGINE_VERSION,
        "seconds": {stage: round(spent, 6) for stage, spent in seconds.items()},
        "possible": exact(known.possible),
        "valid": None if known.method == "none" else exact(known.n_valid),
        "smallest": known.fewest,
        "backbone": None
        if backbone is None
        else {"mask": graph.to_hex(backbone.always), "edges": backbone.always.bit_count()},
        "claims": [claim_json(one, graph, complete=complete) for one in found],
    }
    if planted is not None:
        document["planted"] = {"mask": planted.circuit.hex, "edges": planted.circuit.n_edges}
        for reply, one in zip(document["claims"], found, strict=True):
            if one.location is not None:
                mask = one.location.closed.mask
                reply["planted"] = recovery_of(mask, planted.circuit.mask, valid=one.location.valid)
    for reply, one in zip(document["claims"], found, strict=True):
        if null is not None and one.location is not None and one.location.valid:
            reply["null"] = null_json(null, one.location.edges, reply["criteria"])
        if one.location is not None:
            reply["mechanistic_validity"] = [term.model_dump() for term in in_terms(reply, reply.get("null", ()))]
    if backbone is not None and not backbone.exact:
        document["backbone"]["exact"] = False
    if not complete:
        document["exhaustive"] = False
    return document | ({"missing": list(missing)} if missing else {})


def null_json(null: Baseline, edges: int, criteria: Mapping[str, bool | None] | None) -> list[dict[str, Any]]:
    """A valid circuit of so many edges, which meets some criteria, beside the null networks."""
    met = [key for key, passed in (criteria or {}).items() if passed]
    return [one.model_dump() for one in null.against(edges, met)]


def what_is_missing(landscape: Landscape[SubjectQuestion]) -> list[str]:
    """Return a sentence if not every valid circuit is listed, as a list; empty if all are."""
    circuits = landscape.known
    sentences = []
    if not landscape.complete:
        about = estimate(circuits.n_valid, *circuits.interval) if circuits.interval else ""
        how = {
            "counted": f"{circuits.n_valid:,} circuits are valid, counted exactly without listing them",
            "hashed": f"about {about} circuits are valid, by hashing",
            "sampled": f"about {about} circuits are valid, from a uniform sample",
            "listed": f"circuits truncated at {circuits.n_listed:,} valid ones",
        }[circuits.method]
        sentences.append(f"{how}, so nearest valid circuits and minimality are not known")
    return [*sentences, *landscape.undecided]


def claim_json(found: Audited, graph: Graph, *, complete: bool) -> dict[str, Any]:
    """Write an answer with its location as JSON values.

    Args:
        found: the answer.
        graph: writes masks.
        complete: whether every valid circuit is listed.
    """
    answer = found.answer
    document: dict[str, Any] = {key: text for key, text in (("name", found.name), ("note", found.note)) if text}
    document |= {
        "method": found.method,
        "settings": dict(found.settings),
        "kind": "circuit",
        "outcome": answer.outcome,
        "seconds": round(found.seconds, 6),
    }
    if answer.scores is not None:
        document["scores"] = [float(score) for score in answer.scores]
        document["faithfulness"] = answer.faithfulness
    if found.location is not None and answer.raw_mask is not None:
        document["raw_mask"] = graph.to_hex(answer.raw_mask)
        document |= location_json(found.location, graph, complete=complete)
    return document | {"fragile": answer.fragile} | ({} if found.ties is None else {"ties": dict(found.ties)})


def location_json(location: Location, graph: Graph, *, complete: bool) -> dict[str, Any]:
    """Write the location of an answer as JSON values."""
    nearest: dict[str, Any] | None = None
    if location.nearest is not None:
        away, mask = distance(location.nearest, location.closed.mask), graph.to_hex(location.nearest)
        is_exact = complete or not away
        nearest = {"distance": away, "mask": mask} if is_exact else {"undecided": True, "at_most": away, "mask": mask}
    elif not complete:
        nearest = {"undecided": True, "at_most": None, "mask": None}
    rank: dict[str, Any] = {
        "smaller": exact(location.rank.smaller),
        "equal": exact(location.rank.equal),
        "larger": exact(location.rank.larger),
    }
    if not location.rank.exact:
        rank["exact"] = False
    reply = {"passed": True, "failed": False}
    return {
        "mask": graph.to_hex(location.closed.mask),
        "edges": location.edges,
        "severed": [list(site) for site in location.closed.severed],
        "raw_valid": location.raw_valid,
        "own_valid": location.own_valid,
        "possible": location.closed.possible,
        "valid": location.valid,
        "under": dict(location.under),
        "excess": location.excess,
        "chance": chance_json(location.chance) if location.sized else {"valid": None, "possible": None},
        "rank": rank,
        "nearest": nearest,
        "backbone": None if location.recall is None else {"recall": list(location.recall), "extra": location.extra},
        "criteria": None
        if location.criteria is None
        else {name: reply.get(outcome) for name, outcome in _named_as_in_format(location.criteria).items()},
        "story": None
        if location.relation is None
        else {"relation": location.relation, "carried": list(location.carried or ())},
    }


def _named_as_in_format(outcomes: Mapping[str, str]) -> dict[str, str]:
    """Outcomes by the names that the format has had from its beginning.

    Minimality is judged by function today, and the former criteria are called ``…-structural``. What a file of this
    format calls ``minimal-local`` is still the structural one, so that audits of different versions can be compared;
    the ones by function are ``…-by-function``.
    """
    named = {}
    for key, outcome in outcomes.items():
        if key.endswith(_STRUCTURAL):
            named[key.removesuffix(_STRUCTURAL)] = outcome
        else:
            named[f"{key}{_BY_FUNCTION}" if f"{key}{_STRUCTURAL}" in outcomes else key] = outcome
    return named


def criterion_keys(outcomes: Mapping[str, Any]) -> dict[str, Any]:
    """Outcomes as the format names them (see :func:`_named_as_in_format`), by the keys of the criteria."""
    structural = {key for key in outcomes if f"{key}{_BY_FUNCTION}" in outcomes}
    return {
        f"{key}{_STRUCTURAL}" if key in structural else key.removesuffix(_BY_FUNCTION): outcome
        for key, outcome in outcomes.items()
    }


def chance_json(chance: SizeChance | None) -> dict[str, Any]:
    """Valid and possible circuits of a size; bounds where the number of valid ones is not known exactly."""
    if chance is None:
        return {"valid": 0, "possible": 0}
    if chance.exact:
        return {"valid": exact(chance.low), "possible": exact(chance.possible)}
    reply: dict[str, Any] = {"valid": None, "possible": exact(chance.possible)}
    reply["interval"] = [exact(chance.low), exact(chance.high)]
    return reply | ({"confidence": chance.confidence} if chance.confidence is not None else {})
