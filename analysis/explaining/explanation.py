"""The explanation of a question of any kind, from end to end: its ways, what they find, and what is said of it.

Perceptrons by edges have interpretations, algorithms and placements besides
(:mod:`pluriscope.analysis.explaining.pipeline`). Where circuits are a space, these are left out of result files, since
they are not looked for, and an empty list would say that there are none.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.circuit_sets.judged_masks import judged_circuits, population_of
from pluriscope.analysis.circuit_sets.masks import MAX_LISTED, figures_of, find_masks
from pluriscope.analysis.circuit_sets.strata import count_by_strata, smallest_found
from pluriscope.analysis.circuits.distribution import CircuitDistribution, minimal_masks, neurons_of
from pluriscope.analysis.circuits.planning import CircuitPlan, Way, duration, plan_circuits
from pluriscope.analysis.circuits.result import CircuitSearch, SmallestCircuits
from pluriscope.analysis.circuits.space import count_by_edges, count_in_space
from pluriscope.analysis.circuits.trying import MOST_TRIED, descend
from pluriscope.analysis.criteria.circuits import outputs, parts
from pluriscope.analysis.criteria.criterion import Criterion
from pluriscope.analysis.criteria.cuts import ROLE_AGREEMENT
from pluriscope.analysis.criteria.judging import StepVerdicts
from pluriscope.analysis.criteria.population import Population
from pluriscope.analysis.criteria.registry import OF_MODELS, criteria_for
from pluriscope.analysis.errors import AnalysisError, BeyondLimits, InvalidTask, NotOffered
from pluriscope.analysis.explaining.count_report import (
    ITEM,
    LOOSER,
    CountReport,
    OfSize,
    exact_sizes,
    is_enough,
    known_of,
    of_sizes,
    report_of,
    sizes_that_meet,
)
from pluriscope.analysis.explaining.plan import Plan, StagePlan
from pluriscope.analysis.explaining.preflight import preflight, refuse
from pluriscope.analysis.network_files import result_file
from pluriscope.analysis.network_files.result_file import document_of, read_smallest, smallest_json
from pluriscope.analysis.numerics.large_numbers import in_words, within
from pluriscope.analysis.planted.circuit import PlantedCircuit
from pluriscope.analysis.planted.record import PlantedRecord
from pluriscope.analysis.questions.answers import largest
from pluriscope.analysis.questions.decisions import margin_to_edge
from pluriscope.analysis.questions.protocol import Protocol, named_protocol, protocol_from_mapping
from pluriscope.analysis.results import unlearned
from pluriscope.analysis.results.unlearned import NO_DOUBT, Doubt, doubt_of, wrong_clause
from pluriscope.analysis.running.limits import DEFAULT_LIMITS, Limits
from pluriscope.analysis.running.progress import KnownCircuits, Progress
from pluriscope.analysis.running.work import DEFAULT_WORK, Clock, Work
from pluriscope.analysis.subjects.enumeration import are_circuits, engine_of
from pluriscope.analysis.subjects.graph import Masks, number_array
from pluriscope.analysis.subjects.perceptron.circuit import mask_array
from pluriscope.analysis.subjects.perceptron.kind import COARSER_PERCEPTRON, PERCEPTRON
from pluriscope.analysis.subjects.perceptron.question import Question, by_grain, of_classes
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.subject import SubjectKind
from pluriscope.analysis.values.certainty import Certainty
from pluriscope.analysis.values.digest import canonical_json, sha256_hex
from pluriscope.analysis.values.exact import exact

if TYPE_CHECKING:
    from pluriscope.analysis.circuits.facet import Facet

MINIMAL_AMONG: Final = 20_000
"""Listed circuits up to which it is looked for whether each has another one within, where nobody asked for it."""
_MOST_DRAWS: Final = 1 << 17  # where there are too many circuits to search
DRAWS: Final = 1 << 13
"""Circuits that are drawn where there are too many to search, besides those of the pilot."""
_STORED: Final = Limits(max_valid=MAX_LISTED)
_TRYING_MILLISECONDS: Final = 500.0
_FEWEST_TRIED: Final = 16


Asked = Question | GraphQuestion
"""A question that can be explained."""


def questions(kind: SubjectKind, file: Any, outputs: Sequence[int], protocol: Any, data: Any) -> list[Any]:
    """The questions about some outputs of a network, if they can be asked; where it is asked as a whole, the one.

    Args:
        file: the subject, or what its file holds.
        outputs: those to explain; none for all.
        protocol: the rules: a name as addresses write it, settings, or the value.
        data: the rows, where they stand beside the network.

    Raises:
        AnalysisError: everything that speaks against it.
    """
    if kind is PERCEPTRON:
        if not isinstance(protocol, Protocol):
            protocol = named_protocol(protocol) if isinstance(protocol, str) else protocol_from_mapping(protocol)
        network = file.network
        by_edges = [
            Question(network, output, file.tasks[output if 0 <= output < network.n_outputs else 0], protocol, data)
            for output in sorted(set(outputs)) or range(network.n_outputs)
        ]
        refuse(tuple(problem for question in by_edges for problem in preflight(question)))
        return [by_grain(one) for one in by_edges]
    if {*outputs} - {0}:
        kind.require("outputs", f"output {max(outputs, key=abs)}")
    if not isinstance(protocol, (str, Mapping)):
        kind.require("protocols", f"protocol {protocol.name}")
    if kind is COARSER_PERCEPTRON:
        asked = of_classes(file, protocol)
        refuse(preflight(asked) if isinstance(asked, Question) else ())
        return [asked]
    if isinstance(protocol, Mapping):
        if not kind.settings.keys() <= protocol.keys():
            kind.require("protocols", f"protocol {str(protocol.get('name', ''))[:40]!r}")
        protocol = kind.write_rules({name: str(protocol[name]) for name in kind.settings})
    question = GraphQuestion(kind, file, kind.rules(protocol))
    question.graph  # noqa: B018  # rules that do not fit are refused here
    return [question]


def circuit_plan(question: Asked, limits: Limits = DEFAULT_LIMITS) -> CircuitPlan:
    """The ways to find the valid circuits of a question, and the one that will be taken.

    Raises:
        BeyondLimits: every way to find a perceptron's circuits by edges is barred, with the reasons.
        InvalidData: labels that do not fit the rows.
    """
    if isinstance(question, Question):
        return plan_circuits(question, limits=limits)
    space, refusal = question.space, question.refusal
    milliseconds = space.milliseconds if refusal else engine_of(space).milliseconds
    undrawn = "they cannot be drawn by size" if space.possible_by_bits is None else ""
    ways = (
        Way("listed", milliseconds / 1_000, refusal, partial(find_masks, question, limit=limits.most_listed(0))),
        Way("sampled", DRAWS * space.run_milliseconds / 1_000, undrawn, partial(sample, question, DRAWS)),
    )
    if not refusal:
        reason = f"{1 << space.graph.n_bits:,} masks of {space.graph.n_bits} bits are tested."
        return CircuitPlan(space.possible, "listed", reason, ways)
    if undrawn:
        return CircuitPlan(space.possible, "none", refusal, ways)
    reason = f"{DRAWS:,} circuits are drawn uniformly by size: not all are searched, as {refusal}."
    return CircuitPlan(space.possible, "sampled", reason, ways)


def explain(asked: Sequence[Any], work: Work, *, masks: bool = True, earlier: Any = None) -> dict[str, Any]:
    """The result file of some outputs of one network: every valid circuit, or what draws say where there are too many
    to search.

    Args:
        masks: whether to list the masks of valid circuits.
        earlier: the content of an unfinished result of the same, to go on from.

    Raises:
        InvalidNetwork: that is none, or of something else.
    """
    question: Asked = asked[0]
    if isinstance(question, Question):
        from pluriscope.analysis.explaining.pipeline import analyse_outputs

        before = () if earlier is None else result_file.read_unfinished(earlier, asked)
        return result_file.result_json(analyse_outputs(asked, work, so_far=before), masks=masks)
    so_far, spent, began = dict[str, Any](), 0.0, work.clock()
    if earlier is not None:
        with result_file.unfinished(earlier, asked):
            so_far = {"earlier": read_circuits(question, earlier["outputs"][0]["circuits"])}
            if not math.isfinite(spent := float(earlier["seconds"]["circuits"])):
                raise ValueError("seconds")
    tried, plan = first_known(question, work), circuit_plan(question, work.limits)
    found = None if plan.method == "none" else plan.way.run(work, tried=tried, **so_far)
    return result_json(question, found, masks=masks, seconds=spent + work.clock() - began, tried=tried)


def first_known(question: GraphQuestion, work: Work) -> KnownCircuits | None:
    """Bound the valid circuits by trying a few, and report each bound; None where time ends it before."""
    space, known = question.space, None
    most = int(np.clip(_TRYING_MILLISECONDS / max(space.run_milliseconds, 1e-9), _FEWEST_TRIED, MOST_TRIED))

    def below(circuit: Masks) -> Masks:
        bits = np.flatnonzero(circuit)[:most]
        left = np.tile(circuit, (len(bits), 1))
        left[np.arange(len(bits)), bits] = False
        left = space.reduce(left)
        return left[are_circuits(space, left)]

    def judged(circuits: Masks) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        alone = len(circuits) == 1  # by the plain run, since what runs many at once takes seconds to load
        right = (
            np.array([question.judge(space.graph.number(circuits[0])).valid]) if alone else question.are_valid(circuits)
        )
        return right, np.ones(len(circuits), np.bool_)

    (whole,) = space.reduce(np.ones((1, space.graph.n_bits), np.bool_))
    with work.ending("circuits"):
        for known in descend(whole, below, judged, space.possible, most, work):
            work.report(Progress("circuits", 0, 1, known.words, known=known))
    work.ended.pop("circuits", None)
    return known


def search(question: Asked, work: Work) -> CircuitSearch | None:
    """The valid circuits in the best way within the limits, or those decided before time or memory ended; of a space
    None where they are too many to search.
    """
    if isinstance(question, Question):
        from pluriscope.analysis.explaining.pipeline import search_for_circuits

        return search_for_circuits(question, work)
    plan = circuit_plan(question, work.limits)
    return plan.way.run(work) if plan.method == "listed" else None


def sample(
    question: GraphQuestion, most: int, work: Work, *, seed: int = 0, tried: KnownCircuits | None = None
) -> CircuitSearch:
    """Bound the number of valid circuits by uniform draws, of which those with the fewest bits are kept.

    Args:
        most: circuits to draw, at most, besides the pilot's.
        work: half its time is for draws, the rest for small circuits.
        seed: of the draws.
        tried: what is certain besides.

    Raises:
        NotOffered: circuits cannot be drawn by size.
    """
    strata = count_by_strata(question, work.for_seconds(work.seconds_left / 2), most=most, seed=seed)
    least = smallest_found(question, strata, work)
    small = (() if tried is None else tried.masks[-1:]) if least is None else (least,)
    undrawn = tuple({*small} - {*strata.masks})
    by_bits = sum((Counter(one.tally.by_size) for one in strata.strata), Counter[int]())
    bit_use = [one.tally.bit_use for one in strata.strata if one.tally.bit_use]
    masks = number_array(sorted({*strata.masks, *small}), question.graph.n_bits)
    low, high = within(strata.low, strata.high, len(masks), question.space.possible)
    if tried is not None:
        low, high = within(low, high, tried.least, tried.most)
    return CircuitSearch(
        None,
        question.space.possible,
        masks,
        truncated_at=len(masks),
        method="sampled",
        count=math.isqrt(low * high),
        interval=(low, high),
        confidence=strata.confidence,
        n_tested=strata.drawn,
        known_distribution=CircuitDistribution(
            by_bits.total(),
            dict(sorted(by_bits.items())),
            {},
            tuple(map(sum, zip(*bit_use, strict=True))) or (0,) * question.graph.n_bits,
            (),
        ),
        smallest=SmallestCircuits(
            small, False, min(question.space.possible_by_bits or (), default=1) - 1, 0, undrawn=undrawn
        ),
        by_size=strata.by_size,
        why=strata.why,
    )


def count(question: Asked, work: Work, how: Certainty | None, seed: int, facet: Facet | None) -> CountReport:
    """Count the valid circuits, and find the size of the smallest and the parts that all keep.

    Args:
        work: its time is for all three; limits as for an analysis.
        how: the certainty wanted; None for the best that there is time for.
        seed: of everything drawn.
        facet: the condition that the circuits meet which are counted; None for all valid ones.

    Raises:
        BeyondLimits: what is wanted is out of reach, with what would do.
        NotOffered: no network of this kind is counted so.
        AnalysisError: the question cannot be asked.
        Cancelled: the report stopped the work.
    """
    if how == "estimated":
        raise NotOffered(
            "an estimated number of circuits", f"{question.kind.plural} have a guaranteed one", "ask for that"
        )
    if isinstance(question, Question):
        from pluriscope.analysis.explaining import counting

        return counting.count(question, work, how, seed, facet)
    if how == "exact" and question.refusal:
        raise BeyondLimits(f"an exact {ITEM}", question.refusal, "ask for a guaranteed one, or use coarser rules")
    sizes, plan = question.space.possible_by_bits, circuit_plan(question, _STORED)
    if facet is not None:
        found = None if question.refusal else plan.way_of("listed").run(work)
        if found is None or (met := sizes_that_meet(found, facet, question.graph.n_bits)) is None:
            cause = question.refusal or "not all valid ones could be listed"
            raise BeyondLimits(f"the {ITEM} under a condition", cause, "use coarser rules or a smaller network")
        most = question.graph.n_bits if facet.most_edges is None else facet.most_edges
        possible = sum(n for size, n in sizes.items() if size <= most) if sizes else question.space.possible
        return of_sizes(question, met, possible, "listed")
    takes = plan.way_of("listed").seconds
    if how == "exact" or (how is None and plan.method == "listed" and takes < work.seconds_left):
        found = plan.way_of("listed").run(work)
        if found.counted or how == "exact":
            late = "" if found.counted else f"Not enough to say: the time was up; all takes about {duration(takes)}."
            by_size = exact_sizes(found.distribution.by_edges, sizes) if found.counted else []
            return report_of(question, known_of(question, found), by_size, late, enough=found.counted)
    if undrawn := plan.way_of("sampled").obstacle:
        raise NotOffered(f"the {ITEM} of {question.subject.name} from draws", undrawn, LOOSER)
    drawn = sample(question, _MOST_DRAWS, work, seed=seed)
    known = known_of(question, drawn)
    more = " More seconds allow more." if drawn.why and "circuits" in work.ended else ""
    by_size = [
        OfSize(size=size, possible=sizes and sizes[size], low=least, high=most)
        for size, (least, most) in drawn.by_size.items()
    ]
    enough = is_enough(known[0].low, known[0].high)
    return report_of(question, known, by_size, f"{drawn.why}{more}", enough=enough)


def plan(asked: Sequence[Asked], limits: Limits, clock: Clock) -> list[Plan]:
    """Plan the analysis of each output: its ways to find the circuits and its stages, with time and memory.

    Raises:
        BeyondLimits: no way to find a perceptron's circuits by edges is open, with the reasons.
    """
    from pluriscope.analysis.explaining.planning import plan_output, range_around  # which loads what a search does not

    found = []
    for question in asked:
        if isinstance(question, Question):
            found.append(plan_output(question, limits, clock))
            continue
        circuits = circuit_plan(question, limits)
        seconds = [] if circuits.method == "none" else [*range_around(circuits.way.seconds)]
        stages = [StagePlan(stage="circuits", seconds=seconds, peak_bytes=[])] if seconds else []
        more = {"seconds": seconds, "peak_bytes": [], "stages": stages}
        found.append(Plan.showing(circuits, output=question.output, protocol=question.protocol.name, **more))
    return found


def milliseconds(question: Asked) -> float | None:
    """What the search for circuits is expected to take; None where they are too many to be listed or counted."""
    try:
        plan = None if isinstance(question, Question) and preflight(question) else circuit_plan(question)
    except AnalysisError:
        return None
    return 1_000 * plan.way.seconds if plan is not None and plan.method in ("listed", "counted") else None


# --- a network that did not learn its task


def possible(question: Asked) -> int:
    """Circuits that there are."""
    if isinstance(question, Question):
        return count_in_space(question.network.sizes, question.protocol)
    return question.space.possible


def possible_by_edges(question: Asked) -> Mapping[int, int] | None:
    """Count the circuits by their number of edges, or nodes, of a mask; None where they cannot be counted."""
    if isinstance(question, Question):
        return count_by_edges(question.layout.sizes, question.protocol, question.layout.n_edges)
    return question.space.possible_by_bits


@lru_cache(maxsize=32)
def doubt(question: Asked) -> Doubt:
    """Return what speaks against a model having learned its task."""
    if isinstance(question, Question):
        return unlearned.doubt(question)
    given, subject = _given(question), question.subject
    wrong = int((given != subject.answers).sum())
    names = {(*subject.outputs, "nothing")[answer] for answer in set(given.tolist())}  # a tie is −1
    allowed, labels = question.space.most_wrong, [subject.outputs[answer] for answer in subject.answers]
    return doubt_of(wrong if wrong > allowed else 0, question.n_rows, names, labels, allowed) or NO_DOUBT


def first_words(question: Asked) -> str:
    """Write in sentences where a network is wrong itself and what it answers most often; "" where it is right."""
    if isinstance(question, Question):
        return unlearned.not_learned(question)
    subject, given = question.subject, _given(question)
    wrong = np.flatnonzero(given != subject.answers).tolist()
    if not wrong:
        return ""
    names = (*subject.outputs, "nothing")  # a tie is −1
    each = ((subject.rows[row], (names[given[row]], names[subject.answers[row]])) for row in wrong)
    often, times = Counter(given.tolist()).most_common(1)[0]
    mostly = f" Its commonest answer is {names[often]}, on {times:,} of {len(given):,} rows."
    return f"The whole model itself fails: {wrong_clause(len(given), wrong, each)}.{mostly}"


def as_answered(question: GraphQuestion) -> Any:
    """The subject with what it answers on the rows of its task as its task.

    Raises:
        InvalidTask: on a row two outputs are the largest.
    """
    given = _given(question)
    if (given < 0).any():
        row = question.subject.rows[int(np.argmin(given))]
        raise InvalidTask(f"decisions on row {row}", "are a tie of two outputs", "leave the task as the file says it")
    subject: Any = question.subject
    return replace(subject, task="what it answers", answers=given)


def _given(question: GraphQuestion) -> NDArray[np.intp]:
    return largest(question.outputs((1 << question.graph.n_bits) - 1))


# --- the result file


def result_json(
    question: GraphQuestion,
    found: CircuitSearch | None,
    *,
    masks: bool = True,
    seconds: float = 0.0,
    tried: KnownCircuits | None = None,
) -> dict[str, Any]:
    """Write the circuits found in a network as JSON values of ``pluriscope-result/1``.

    Args:
        found: None if there are too many circuits to search.
        masks: whether to list the masks of valid circuits.
        seconds: that the search took.
        tried: what is certain besides.
    """
    missing = what_is_missing(question, found)
    circuits = _circuits_json(question, found, masks=masks)
    if found is None or found.unfinished:
        least, most = (0, question.space.possible) if found is None else found.ends
        if tried is not None:
            least, most = max(least, tried.least), min(most, tried.most)
        circuits |= {"at_least": exact(least), "at_most": exact(most)}
    output = {"output": question.output, "task": dict(question.task_document), "circuits": circuits}
    document = document_of(question, [output], {"circuits": seconds}, missing, exhaustive=not missing)
    if "parts" in circuits:  # going on is refused where this was changed
        document["outputs_digest"] = sha256_hex(canonical_json(document["outputs"]))
    return document


def what_is_missing(question: GraphQuestion, found: CircuitSearch | None) -> list[str]:
    """Return a sentence if not every valid circuit was listed, as a list; an empty list otherwise.

    Args:
        found: None if it was not searched.
    """
    where = f"output {question.output}"
    if found is None:
        possible = question.space.possible
        return [f"{where}: {in_words(possible)} circuits are possible, none was tested: {question.refusal}"]
    if found.method == "sampled":
        low, high, confidence = (*map(in_words, found.ends), found.confidence or 0.0)
        return [
            f"{where}: {low} to {high} of {in_words(found.possible)} possible circuits are valid, guaranteed with "
            f"{confidence * 100:g}% confidence, by {found.n_tested:,} uniform draws; {found.n_listed:,} valid ones are "
            f"listed. {found.why}".rstrip()
        ]
    if found.unfinished:
        return [
            f"{where}: {found.n_valid:,} valid circuits were found among {found.n_tested:,} of {found.possible:,} "
            "possible ones; time or memory ended before the others were tested"
        ]
    if not found.complete:
        return [
            f"{where}: {found.n_valid:,} circuits are valid, counted exactly; the {found.n_listed:,} with the fewest "
            f"{question.graph.cut} are listed"
        ]
    return []


def _circuits_json(question: GraphQuestion, found: CircuitSearch | None, *, masks: bool) -> dict[str, Any]:
    graph = question.graph
    reply: dict[str, Any] = {"possible": exact(question.space.possible), "masks_possible": exact(1 << graph.n_bits)}
    if found is None:
        return reply | {
            "valid": None,
            "exhaustive": False,
            "truncated_at": 0,
            "method": "none",
            "listed": 0,
            "tested": 0,
        }
    reply |= {
        "valid": exact(found.n_valid),
        "exhaustive": found.complete,
        "truncated_at": found.truncated_at,
        "method": found.method,
        "listed": found.n_listed,
        "tested": exact(found.possible if found.n_tested is None else found.n_tested),
        "distribution": {
            "of": exact(found.distribution.of),
            "by_edges": {str(bits): exact(count) for bits, count in found.distribution.by_edges.items()},
            "edge_use": [exact(count) for count in found.distribution.edge_use],
        },
    }
    if found.smallest is not None:
        reply |= {
            "certainty": found.certainty,
            "interval": [exact(end) for end in found.ends],
            "confidence": found.confidence,
            "smallest": smallest_json(found.smallest, graph),
            **sample_json(found),
        }
    if found.unfinished and found.parts is not None:
        reply["parts"] = found.parts
    if masks:
        reply["masks"] = [graph.to_hex(mask) for mask in found.masks.tolist()]
        if not found.complete and found.method != "sampled":
            reply["drawn"] = [graph.to_hex(mask) for mask in found.uniform.tolist()]
    return reply


def sample_json(found: CircuitSearch) -> dict[str, Any]:
    """Write the findings of a sample by size besides its number, as they stand in result files and are stored."""
    by_size = [[size, exact(low), exact(high)] for size, (low, high) in found.by_size.items()]
    return {"by_size": by_size, "why": found.why}


def read_sample(reply: Mapping[str, Any], ends: Sequence[Any], confidence: float) -> dict[str, Any]:
    """Read the fields of a search that :func:`sample_json` writes, with its interval and the smallest circuits.

    Args:
        ends: of the number.
        confidence: with which it is between them.

    Raises:
        KeyError, TypeError, ValueError: it is damaged.
    """
    low, high = map(int, ends)
    by_size = {size: (int(least), int(most)) for size, least, most in reply["by_size"]}
    if any(not 0 <= least <= most for least, most in ((low, high), *by_size.values())) or not 0 < confidence < 1:
        raise ValueError("an interval or its confidence is none")
    known = {"interval": (low, high), "confidence": confidence, "smallest": read_smallest(reply["smallest"])}
    return {**known, "by_size": by_size, "why": reply["why"]}


def read_circuits(question: Asked, reply: Mapping[str, Any]) -> CircuitSearch | None:
    """Read the search for circuits, or the sample, from a result file, which has no outputs and margins; None where
    neither was made.

    Raises:
        KeyError, TypeError, ValueError: it is damaged.
    """
    if isinstance(question, Question):
        return result_file.read_circuits(reply, question.layout, question.layout.n_edges)
    if reply["method"] == "none":
        return None
    graph, sampled = question.graph, reply["method"] == "sampled"
    small = reply["smallest"]["masks"] if sampled else []
    for text in (*reply.get("masks", ()), *reply.get("drawn", ()), *small):
        if not re.fullmatch(rf"[0-9a-f]{{{graph.n_hex_digits}}}", text) or int(text, 16) >> graph.n_bits:
            raise ValueError(f"{text[:40]!r} is no mask of {graph.n_bits} bits")
    found = result_file.read_circuits({"masks": (), **reply}, None, graph.n_bits)
    drawn = np.array([int(text, 16) for text in reply["drawn"]], dtype=np.uint64) if "drawn" in reply else found.masks
    found = replace(found, uniform=drawn, parts=reply.get("parts"))
    if not sampled:
        whole = found.complete and found.n_listed < found.n_valid  # of which the file lists none
        return replace(found, truncated_at=found.n_listed, method="counted") if whole else found
    known = read_sample(reply, reply["interval"], reply["confidence"])
    if not known["interval"][0] <= int(reply["valid"]) <= known["interval"][1]:
        raise ValueError("the number of valid circuits is not in its interval")
    return replace(found, **known)


def judged(question: GraphQuestion, work: Work) -> tuple[CircuitSearch | None, dict[str, Any], Sequence[StepVerdicts]]:
    """Search or sample the valid circuits, and judge the listed ones: see
    :func:`~pluriscope.analysis.circuit_sets.judged_masks.judged_circuits`; None where there is neither.
    """
    tried, plan = first_known(question, work), circuit_plan(question, _STORED)
    found = None if plan.method == "none" else plan.way.run(work, tried=tried)
    return (None, {}, ()) if found is None else (found, *judged_circuits(question, found, work=work))


def missing(landscape: Any) -> list[str]:
    """Return a sentence if a landscape (:mod:`pluriscope.analysis.discovery.landscapes`) lacks some valid circuits, as
    a list.
    """
    if isinstance(landscape.question, Question):
        from pluriscope.analysis.discovery import audit

        return audit.what_is_missing(landscape)
    return what_is_missing(landscape.question, landscape.circuits)


def planted(file: Any, question: Asked) -> PlantedRecord | PlantedCircuit | None:
    """Return the planted circuit: as a perceptron's file has it, else as bits of the question's graph; None where
    nothing was planted.
    """
    if isinstance(question, Question):
        record: PlantedRecord | None = file.planted
        return record
    planted = question.subject.planted
    return None if planted is None else PlantedCircuit.of(planted, question.graph)


# --- circuits as lists have them, and as criteria judge them


def circuits(question: Asked, _found: CircuitSearch | None, masks: Sequence[int]) -> dict[str, Any]:
    """The columns of some circuits: mask, edges, neurons (nodes that take part), margin; where circuits are a space,
    rows right and no roles, too.
    """
    if not isinstance(question, Question):
        columns = figures_of(question, question.graph.bits(masks))
        return {"mask": number_array(masks, question.graph.n_bits), **columns, "roles": ["{}"] * len(masks)}
    some = mask_array(masks, question.layout)
    rows, rule = question.judged[0], question.protocol.circuit_decision
    asked = Population("circuit", question, some)
    margins = [
        margin_to_edge(outputs(asked, part, rows, question.absent), rule).min(axis=1)
        for part in parts(asked, "margins", len(rows))
    ]
    return {
        "mask": some,
        "edges": np.asarray(np.bitwise_count(some), dtype=np.int64),
        "neurons": neurons_of(some, question.layout),
        "margin": np.concatenate([np.empty(0), *margins]),
    }


def _minimal(found: CircuitSearch | None, masks: Sequence[int]) -> NDArray[np.float64]:
    """Decide below which masks no valid circuit lies, ``[masks]``: 1, 0 where one does, NaN where not all are listed,
    or too many.
    """
    if found is None or not found.complete or found.n_listed > MINIMAL_AMONG:
        return np.full(len(masks), np.nan)
    if len(masks) > 1:
        least = set(minimal_masks(found.masks).tolist())
        return np.array([float(mask in least) for mask in masks])
    below = [(found.masks & np.uint64(mask)) == found.masks for mask in masks]
    return np.array(
        [not (one & (found.masks != np.uint64(mask))).any() for one, mask in zip(below, masks, strict=True)], np.float64
    )


def criteria(kind: SubjectKind) -> list[Criterion]:
    """The criteria that circuits are asked."""
    if kind is PERCEPTRON:
        return [*criteria_for("circuit")]
    return [one for one in OF_MODELS if kind.roles or one != ROLE_AGREEMENT]


def population(question: Asked, found: CircuitSearch | None, masks: Sequence[int], work: Work = DEFAULT_WORK) -> Any:
    """Build the population of some circuits, at least one, that criteria judge.

    Args:
        found: by the search for them all; None if it was not made.
        masks: those with the fewest bits first.
    """
    if isinstance(question, Question):
        numbers = mask_array(masks, question.layout)
        complete = found is not None and found.truncated_at is None and len(numbers) == len(found.masks)
        return Population("circuit", question, numbers, complete, work)
    some = question.graph.bits(masks)
    margins = figures_of(question, some)["margin"]
    return population_of(question, some, margins, _minimal(found, masks), found, work)
