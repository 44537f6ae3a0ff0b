"""The explanation of networks whose circuits are a space, such as transformers: every valid circuit, and nothing else.

There is one output. Interpretations and algorithms are left out of result files, since they are not looked for, and an
empty list would say that there are none.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis import ENGINE_VERSION, SAME_RESULTS
from pluriscope.analysis.circuit_sets.judged_masks import judged_circuits, population_of
from pluriscope.analysis.circuit_sets.masks import figures_of, find_masks
from pluriscope.analysis.circuit_sets.strata import count_by_strata, smallest_found
from pluriscope.analysis.circuits.distribution import CircuitDistribution, minimal_masks
from pluriscope.analysis.circuits.planning import duration
from pluriscope.analysis.circuits.result import CircuitSearch, SmallestCircuits
from pluriscope.analysis.circuits.trying import MOST_TRIED, descend
from pluriscope.analysis.criteria.criterion import Criterion
from pluriscope.analysis.criteria.cuts import ROLE_AGREEMENT, Runs
from pluriscope.analysis.criteria.judging import StepVerdicts
from pluriscope.analysis.criteria.population import PopulationOf
from pluriscope.analysis.criteria.registry import OF_MODELS
from pluriscope.analysis.errors import BeyondLimits, InvalidNetwork, InvalidTask, NotOffered
from pluriscope.analysis.explaining.count_report import (
    ITEM,
    LOOSER,
    CountReport,
    OfSize,
    exact_sizes,
    is_enough,
    known_of,
    report_of,
)
from pluriscope.analysis.explaining.plan import Plan, StagePlan
from pluriscope.analysis.network_files.result_file import RESULT_FORMAT, document_of, read_smallest, smallest_json
from pluriscope.analysis.network_files.result_file import read_circuits as read
from pluriscope.analysis.numerics.large_numbers import in_words, within
from pluriscope.analysis.planted.circuit import PlantedCircuit
from pluriscope.analysis.questions.answers import largest
from pluriscope.analysis.results.unlearned import NO_DOUBT, Doubt, doubt_of, wrong_clause
from pluriscope.analysis.running.limits import Limits
from pluriscope.analysis.running.progress import KnownCircuits, Progress
from pluriscope.analysis.running.work import DEFAULT_WORK, Clock, Work
from pluriscope.analysis.subjects.enumeration import are_circuits, engine_of, most_wrong
from pluriscope.analysis.subjects.graph import Masks, number_array
from pluriscope.analysis.subjects.question import GraphQuestion
from pluriscope.analysis.subjects.subject import SubjectKind
from pluriscope.analysis.values.certainty import Certainty
from pluriscope.analysis.values.digest import canonical_json, sha256_hex
from pluriscope.analysis.values.exact import exact

if TYPE_CHECKING:
    from pluriscope.analysis.discovery.space_landscape import SpaceLandscape

MINIMAL_AMONG: Final = 20_000
"""Listed circuits up to which it is looked for whether each has another one within, where nobody asked for it."""
_MOST_DRAWS: Final = 1 << 17  # where there are too many circuits to search
DRAWS: Final = 1 << 13
"""Circuits that are drawn where there are too many to search, besides those of the pilot."""
_TRYING_MILLISECONDS: Final = 500.0
_FEWEST_TRIED: Final = 16


def questions(kind: SubjectKind, file: Any, outputs: Sequence[int], protocol: Any, _data: Any) -> list[GraphQuestion]:
    """The one question about a network, if it can be asked.

    Args:
        file: the subject.
        outputs: those to explain; none for all.
        protocol: the rules as addresses write them, or the settings of a result file.

    Raises:
        NotOffered: another output than the first, or rules of another form.
        InvalidProtocol: no rules of this kind, or none that fit.
    """
    if {*outputs} - {0}:
        kind.require("outputs", f"output {max(outputs, key=abs)}")
    if not isinstance(protocol, (str, Mapping)):
        kind.require("protocols", f"protocol {protocol.name}")
    if isinstance(protocol, Mapping):
        if not kind.settings.keys() <= protocol.keys():
            kind.require("protocols", f"protocol {str(protocol.get('name', ''))[:40]!r}")
        protocol = kind.write_rules({name: str(protocol[name]) for name in kind.settings})
    question = GraphQuestion(kind, file, kind.rules(protocol))
    question.graph  # noqa: B018  # rules that do not fit are refused here
    return [question]


def explain(asked: Sequence[GraphQuestion], work: Work, *, masks: bool = True, earlier: Any = None) -> dict[str, Any]:
    """The result file of a question: every valid circuit, or what draws say where there are too many to search.

    Args:
        masks: whether to list the masks of valid circuits.
        earlier: the content of an unfinished result of the same, to go on from.

    Raises:
        InvalidNetwork: that is none, or of something else.
    """
    (question,) = asked
    so_far = None if earlier is None else _read_unfinished(question, earlier)
    began, spent = work.clock(), 0.0 if earlier is None else float(earlier["seconds"]["circuits"])
    tried = first_known(question, work)
    if question.refusal:
        found = sample(question, work, DRAWS, tried=tried)
    else:
        found = find_masks(question, work, limit=work.limits.most_listed(0), earlier=so_far, tried=tried)
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


def search(question: GraphQuestion, work: Work, earlier: CircuitSearch | None = None) -> CircuitSearch | None:
    """The valid circuits, or those decided before time or memory ended; None where they are too many to search.

    Args:
        earlier: what an unfinished search of the same found, to go on from.
    """
    if question.refusal:
        return None
    return find_masks(question, work, limit=work.limits.most_listed(0), earlier=earlier)


def sample(
    question: GraphQuestion, work: Work, most: int, seed: int = 0, *, tried: KnownCircuits | None = None
) -> CircuitSearch | None:
    """Bound the number of valid circuits by uniform draws, of which those with the fewest bits are kept; None where
    circuits cannot be drawn by size.

    Args:
        work: half its time is for draws, the rest for small circuits.
        most: circuits to draw, at most, besides the pilot's.
        seed: of the draws.
        tried: what is certain besides.
    """
    sizes = question.space.possible_by_bits
    if sizes is None:
        return None
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
        smallest=SmallestCircuits(small, False, min(sizes, default=1) - 1, 0, undrawn=undrawn),
        by_size=strata.by_size,
        why=strata.why,
    )


def count(question: GraphQuestion, work: Work, how: Certainty | None, seed: int, _facet: None) -> CountReport:
    """Count the valid circuits, and find the size of the smallest and the parts that all keep.

    Args:
        work: its time is for all three; limits as for an analysis.
        how: the certainty wanted; None for the best that there is time for.
        seed: of everything drawn.

    Raises:
        BeyondLimits: what is wanted is out of reach, with what would do.
        NotOffered: no network of this kind is counted so.
        Cancelled: the report stopped the work.
    """
    if how == "estimated":
        raise NotOffered(
            "an estimated number of circuits", f"{question.kind.plural} have a guaranteed one", "ask for that"
        )
    if how == "exact" and question.refusal:
        raise BeyondLimits(f"an exact {ITEM}", question.refusal, "ask for a guaranteed one, or use coarser rules")
    sizes = question.space.possible_by_bits
    takes = 0.0 if question.refusal else engine_of(question.subject, question.space).milliseconds / 1_000
    if how == "exact" or (how is None and not question.refusal and takes < work.seconds_left):
        found = find_masks(question, work)
        if found.counted or how == "exact":
            late = "" if found.counted else f"Not enough to say: the time was up; all takes about {duration(takes)}."
            by_size = exact_sizes(found.distribution.by_edges, sizes) if found.counted else []
            return report_of(question, known_of(question, found), by_size, late, enough=found.counted)
    drawn = sample(question, work, most=_MOST_DRAWS, seed=seed)
    if drawn is None:
        raise NotOffered(f"the {ITEM} of {question.subject.name} from draws", "they cannot be drawn by size", LOOSER)
    known = known_of(question, drawn)
    more = " More seconds allow more." if drawn.why and "circuits" in work.ended else ""
    by_size = [
        OfSize(size=size, possible=sizes and sizes[size], low=least, high=most)
        for size, (least, most) in drawn.by_size.items()
    ]
    enough = is_enough(known[0].low, known[0].high)
    return report_of(question, known, by_size, f"{drawn.why}{more}", enough=enough)


def plan(asked: Sequence[GraphQuestion], _limits: Limits, _clock: Clock) -> list[Plan]:
    """Plan the search for circuits: its way, and how long it takes."""
    from pluriscope.analysis.explaining.planning import range_around  # which loads what a search does without

    (question,) = asked
    space, refusal, obstacle = question.space, question.refusal, question.obstacle
    milliseconds = DRAWS * space.run_milliseconds if refusal else engine_of(question.subject, space).milliseconds
    seconds = [] if obstacle else [*range_around(milliseconds / 1_000)]
    reason = f"{1 << space.graph.n_bits:,} masks of {space.graph.n_bits} bits are tested."
    if refusal:
        reason = f"{DRAWS:,} circuits are drawn uniformly by size: not all are searched, as {refusal}."
    return [
        Plan(
            output=question.output,
            protocol=question.protocol.name,
            method="none" if obstacle else "sampled" if refusal else "listed",
            possible=space.possible,
            reason=obstacle or reason,
            seconds=seconds,
            peak_bytes=[],
            stages=[StagePlan(stage="circuits", seconds=seconds, peak_bytes=[])] if seconds else [],
        )
    ]


def milliseconds(question: GraphQuestion) -> float | None:
    """What the search for circuits is expected to take; None where there are too many, or there is none."""
    if question.obstacle or question.refusal:
        return None
    return engine_of(question.subject, question.space).milliseconds


# --- a network that did not learn its task


def possible(question: GraphQuestion) -> int:
    """Circuits that there are."""
    return question.space.possible


def possible_by_edges(question: GraphQuestion) -> Mapping[int, int] | None:
    """Count the circuits by their number of edges, or nodes, of a mask; None where they cannot be counted."""
    return question.space.possible_by_bits


@lru_cache(maxsize=32)
def doubt(question: GraphQuestion) -> Doubt:
    """Return what speaks against a model having learned its task."""
    given, subject = _given(question), question.subject
    wrong = int((given != subject.answers).sum())
    names = {(*subject.outputs, "nothing")[answer] for answer in set(given.tolist())}  # a tie is −1
    allowed, labels = most_wrong(subject), [subject.outputs[answer] for answer in subject.answers]
    return doubt_of(wrong if wrong > allowed else 0, question.n_rows, names, labels, allowed) or NO_DOUBT


def first_words(question: GraphQuestion) -> str:
    """Write in sentences where a network is wrong itself and what it answers most often; "" where it is right."""
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


def _read_unfinished(question: GraphQuestion, document: Any) -> CircuitSearch:
    """Read the circuits that an unfinished result has of a question."""
    item, anew = "result file", "leave --continue out, or make it anew"
    if not isinstance(document, dict) or document.get("format") != RESULT_FORMAT:
        raise InvalidNetwork(item, f"is not of the format {RESULT_FORMAT!r}", "give one that pluriscope analyse wrote")
    try:
        engine = document["engine"] if document["engine"] in SAME_RESULTS else ENGINE_VERSION
        now = engine, question.subject.digest, question.protocol.digest, dict(question.task_document)
        (output,) = document["outputs"]
        then = document["engine"], document["network"], document["protocol"]["digest"], output["task"]
        for what, before, this in zip(("engine", "network", "rules", "task"), then, now, strict=True):
            if before != this:
                raise InvalidNetwork(item, f"is of another {what}", f"give what it was made of, or {anew}")
        if "parts" not in output["circuits"]:
            raise InvalidNetwork(item, "is finished: nothing is missing that more time would find", anew)
        if "masks" not in output["circuits"]:
            raise InvalidNetwork(item, "lists no circuits, as with --no-masks", anew)
        if document["outputs_digest"] != sha256_hex(canonical_json(document["outputs"])):
            raise InvalidNetwork(item, "was changed after it was written", anew)
        found = read_circuits(question, output["circuits"])
        if found is None or not math.isfinite(float(document["seconds"]["circuits"])):
            raise ValueError("seconds")
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as problem:
        raise InvalidNetwork(item, f"is damaged: {type(problem).__name__} {problem}", anew) from None
    return found


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


def read_circuits(question: GraphQuestion, reply: Mapping[str, Any]) -> CircuitSearch | None:
    """Read the search for circuits, or the sample, from a result file; None where neither was made.

    Raises:
        KeyError, TypeError, ValueError: it is damaged.
    """
    if reply["method"] == "none":
        return None
    graph, sampled = question.graph, reply["method"] == "sampled"
    small = reply["smallest"]["masks"] if sampled else []
    for text in (*reply.get("masks", ()), *reply.get("drawn", ()), *small):
        if not re.fullmatch(rf"[0-9a-f]{{{graph.n_hex_digits}}}", text) or int(text, 16) >> graph.n_bits:
            raise ValueError(f"{text[:40]!r} is no mask of {graph.n_bits} bits")
    found = read({"masks": (), **reply}, None, graph.n_bits)
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
    tried = first_known(question, work)
    found = sample(question, work, DRAWS, tried=tried) if question.refusal else find_masks(question, work, tried=tried)
    return (None, {}, ()) if found is None else (found, *judged_circuits(question, found, work=work))


def landscape(question: GraphQuestion, found: CircuitSearch | None, **more: Any) -> SpaceLandscape:
    """Valid circuits to locate answers among; ``more`` are the landscape's last fields."""
    from pluriscope.analysis.discovery.space_landscape import SpaceLandscape  # what a search does without

    return SpaceLandscape(question, found, **more)


def missing(landscape: Any) -> list[str]:
    """Return a sentence if a landscape (:mod:`pluriscope.analysis.discovery.landscapes`) lacks some valid circuits, as
    a list.
    """
    return what_is_missing(landscape.question, landscape.circuits)


def planted(_file: Any, question: GraphQuestion) -> PlantedCircuit | None:
    """Return the planted circuit as bits of the question's graph; None where nothing was planted."""
    record = question.subject.planted
    return None if record is None else PlantedCircuit.of(record, question.graph)


# --- circuits as lists have them, and as criteria judge them


def circuits(question: GraphQuestion, _found: CircuitSearch | None, masks: Sequence[int]) -> dict[str, Any]:
    """The columns of some circuits: mask, edges, neurons (nodes that take part), rows right, margin; no roles."""
    columns = figures_of(question, question.graph.bits(masks))
    return {"mask": number_array(masks, question.graph.n_bits), **columns, "roles": ["{}"] * len(masks)}


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
    return [one for one in OF_MODELS if kind.roles or one != ROLE_AGREEMENT]


def population(
    question: GraphQuestion, found: CircuitSearch | None, masks: Sequence[int], work: Work = DEFAULT_WORK
) -> PopulationOf[Runs]:
    """Build the population of some circuits, at least one, that criteria judge.

    Args:
        found: by the search for them all; None if it was not made.
        masks: those with the fewest bits first.
    """
    some = question.graph.bits(masks)
    fewest, every = (None, None) if found is None else (found.fewest, found.masks if found.complete else None)
    margins = figures_of(question, some)["margin"]
    return population_of(question, some, margins, _minimal(found, masks), fewest, every, work)
