"""Result files: `pluriscope-result/1`, what an analysis found, for scripts (spec §9)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.algorithms.high_level_model import Form
from pluriscope.analysis.algorithms.parsing import parse_algorithm
from pluriscope.analysis.circuits.distribution import CircuitDistribution
from pluriscope.analysis.circuits.hashed_count import Bracket, HashedCount
from pluriscope.analysis.circuits.judging import evaluate_circuits
from pluriscope.analysis.circuits.result import CircuitSearch, CountSoFar, EdgeUse, SmallestCircuits
from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.interpretations.counting import count_interpretations
from pluriscope.analysis.interpretations.result import InterpretationCounts
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.network_files.files import task_json
from pluriscope.analysis.numerics.large_numbers import estimate, interval
from pluriscope.analysis.placements.placement import IIA, NeuronPlacement, OnNeurons
from pluriscope.analysis.placements.result import AlgorithmResult, AlgorithmSearch, CandidateTotals
from pluriscope.analysis.questions.data import DataRecord, data_file_json
from pluriscope.analysis.results.result import CriterionTally, OutputAnalysis, Stage, Stop, seconds_words
from pluriscope.analysis.results.unlearned import not_learned
from pluriscope.analysis.subjects.graph import Graph, number_array
from pluriscope.analysis.subjects.perceptron.circuit import EdgeLayout
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.analysis.subjects.subject import SubjectKind
from pluriscope.analysis.values.digest import canonical_json, sha256_hex
from pluriscope.analysis.values.exact import exact

RESULT_FORMAT: Final = "pluriscope-result/1"
MAX_RESULT_BYTES: Final = 2_000_000_000
_ITEM: Final = "result file"
_ANEW: Final = "analyse it anew, without --continue"
_STAGES: Final[dict[Stage, str]] = {
    "circuits": "the search for circuits",
    "smallest": "the search for the smallest circuits and the edges that all keep",
    "interpretations": "counting interpretations",
    "algorithms": "listing algorithms",
    "alignments": "the search for placements",
    "criteria": "judging by criteria",
}


def result_json(analyses: Sequence[OutputAnalysis], *, masks: bool = True) -> dict[str, Any]:
    """Write outputs of one network under one protocol and data record as JSON values.

    Args:
        analyses: at least one, all of the same network, protocol and data.
        masks: whether to list the circuits' masks and their interpretation counts.

    Raises:
        ValueError: no analysis, or analyses of different things.
    """
    if not analyses:
        raise ValueError("a result needs at least one analysis")
    question = analyses[0].question
    identity = {(a.question.subject.digest, a.question.protocol.digest, a.question.record.digest) for a in analyses}
    if len(identity) > 1:
        raise ValueError("a result file holds analyses of one network under one protocol and data record")
    seconds: dict[str, float] = defaultdict(float)
    for analysis in analyses:
        for stage, spent in analysis.seconds.items():
            seconds[stage] += spent
    missing = [sentence for analysis in analyses for sentence in what_is_missing(analysis)]
    outputs = [output_json(analysis, masks=masks) for analysis in analyses]
    document = document_of(question, outputs, seconds, missing, exhaustive=all(one.exhaustive for one in analyses))
    if any(analysis.stops for analysis in analyses):  # what going on needs, of the finished ones as well
        for analysis, answer in zip(analyses, document["outputs"], strict=True):
            numbers = analysis.interpretations.observed_by_circuit
            answer["interpretations"] |= {"observed_by_circuit": list(map(exact, numbers))} if masks else {}
        document["outputs_digest"] = sha256_hex(canonical_json(document["outputs"]))
    return document


def document_of(
    question: SubjectQuestion,
    outputs: Sequence[Mapping[str, Any]],
    seconds: Mapping[str, float],
    missing: Sequence[str],
    *,
    exhaustive: bool,
) -> dict[str, Any]:
    """A result file of outputs of one subject of any kind.

    Args:
        question: about one of them.
        outputs: what was found of each.
        seconds: by stage.
        missing: one sentence for each search that stopped at a limit.
        exhaustive: whether none did.
    """
    document: dict[str, Any] = {
        "format": RESULT_FORMAT,
        "network": question.subject.digest,
        "protocol": dict(question.protocol.document),
        "data": {**question.data_document, "validation_rows": question.n_rows},
        "engine": ENGINE_VERSION,
        "seconds": {stage: round(spent, 6) for stage, spent in seconds.items()},
        "exhaustive": exhaustive,
        "outputs": outputs,
    }
    return document | ({"missing": list(missing)} if missing else {})


def self_contained(
    document: Mapping[str, Any], kind: SubjectKind, file: Any, data: DataRecord | None
) -> dict[str, Any]:
    """A result file that can be read by itself: with the network and, if it is not the default, the data record.

    Args:
        document: of :func:`result_json`.
        file: its network, under the name that it goes by.
        data: the rows, where the kind has such beside its networks.
    """
    whole = {**document, "network_file": kind.write(file)}
    return whole if data is None or data.is_clean else whole | {"data_file": data_file_json(data)}


def output_json(analysis: OutputAnalysis, *, masks: bool = True) -> dict[str, Any]:
    """Write the part of a result file that belongs to an output.

    Args:
        analysis: of the output.
        masks: whether to list the circuits' masks and their interpretation counts.
    """
    circuits, counts, search = analysis.circuits, analysis.interpretations, analysis.algorithms
    found: dict[str, Any] = {
        "possible": exact(circuits.possible),
        "valid": exact(circuits.n_valid),
        "exhaustive": circuits.truncated_at is None,
        "truncated_at": circuits.truncated_at,
        "method": circuits.method,
        "certainty": circuits.certainty,
        "listed": circuits.n_listed,
        "tested": None if circuits.n_tested is None else exact(circuits.n_tested),
        "distribution": _distribution_json(circuits.distribution),
    }
    if circuits.interval is not None:
        found["interval"] = [exact(end) for end in circuits.interval]
        found["confidence"] = circuits.confidence
    if circuits.n_drawn is not None:
        found["drawn"] = circuits.n_drawn
    parts = search_parts(circuits, analysis.question.layout)
    found |= {name: part for name, part in parts.items() if part is not None}
    if circuits.so_far is not None:
        found["so_far"] = circuits.so_far.as_json()
    read: dict[str, Any] = {
        "total": exact(counts.total),
        "observed": exact(counts.observed),
        "exhaustive": counts.truncated_at is None and counts.complete,
    }
    if counts.truncated_at is not None:
        read["truncated_at"] = counts.truncated_at
    if masks:
        texts = [analysis.question.layout.to_hex(mask) for mask in circuits.masks.tolist()]
        found["masks"] = texts
        read["by_circuit"] = {text: exact(n) for text, n in zip(texts, counts.by_circuit, strict=True)}
    wrong = not_learned(analysis.question)
    return {
        "output": analysis.question.output,
        "task": task_json(analysis.question.task),
        **({"not_learned": wrong} if wrong else {}),
        "circuits": found,
        "interpretations": read,
        "candidates": exact(search.n_candidates),
        "candidates_truncated_at": search.truncated_at,
        "candidate_search": _candidate_search_json(search),
        "algorithms": [_algorithm_json(result) for result in search.algorithms],
        "criteria": {key: tally_json(tally) for key, tally in analysis.criteria.items()},
        **({"stops": [stop_json(stop) for stop in analysis.stops]} if analysis.stops else {}),
    }


def stop_json(stop: Stop) -> dict[str, Any]:
    """Write why a stage ended, as it stands in result files and is stored."""
    seconds = None if stop.seconds is None else [round(end, 3) for end in stop.seconds]
    return {"stage": stop.stage, "reason": stop.reason, "seconds": seconds}


def read_stops(answer: Mapping[str, Any]) -> tuple[Stop, ...]:
    """Read why stages of an output ended, from its part of a result file or from what is stored."""
    stops = answer.get("stops", ())
    return tuple(Stop(one["stage"], one["reason"], one["seconds"] and tuple(one["seconds"])) for one in stops)


def what_is_missing(analysis: OutputAnalysis) -> list[str]:
    """Return a sentence for each search that stopped at a limit, or for want of time; empty if all were exhaustive."""
    where = f"output {analysis.question.output}"
    sentences: list[str] = []
    stopped = {stop.stage for stop in analysis.stops}
    circuits, search = analysis.circuits, analysis.algorithms
    # circuits: their number may be known exactly or as an interval although not all are listed
    if circuits.method == "counted" and circuits.truncated_at is not None:
        sentences.append(
            f"{where}: {circuits.n_valid:,} circuits are valid, counted exactly without listing them; "
            f"{circuits.n_listed:,} of them are listed, {_how_listed(circuits)}"
        )
    elif circuits.interval is not None and circuits.confidence is not None:
        about, ends = estimate(circuits.n_valid, *circuits.interval), interval(*circuits.interval, circuits.possible)
        how = "by hashing" if circuits.method == "hashed" else f"from a uniform sample of {circuits.n_tested or 0:,}"
        sentences.append(
            f"{where}: about {about} of {circuits.possible:,} possible circuits are valid, {how}; "
            f"guaranteed with {circuits.confidence * 100:g}% confidence: {ends}; "
            f"{circuits.n_listed:,} valid ones are listed, {_how_listed(circuits)}"
        )
    elif circuits.truncated_at == 0 and "circuits" not in stopped:
        sentences.append(f"{where}: {circuits.possible:,} circuits are possible, too many to search; none was tested")
    elif circuits.truncated_at is not None:
        sentences.append(f"{where}: circuits truncated at {circuits.truncated_at:,} valid ones")
    # what time or memory ended, of every stage; below, such stages get no second sentence
    sentences += [f"{where}: {stop_words(stop)}" for stop in analysis.stops]
    if not analysis.question.data.boolean:
        sentences.append(
            f"{where}: the data record's rows stand for no Boolean inputs, so interpretations, algorithms and "
            "placements were not searched"
        )
        return sentences
    # algorithms: searched by support they are counted, else a list was ended
    if search.truncated_at is not None and search.totals is not None:
        n_kept = sum(1 for result in search.algorithms if result.n_valid)
        sentences.append(
            f"{where}: {search.n_aligned:,} of {search.n_candidates:,} candidate algorithms can be placed, counted "
            f"exactly without listing them; {n_kept:,} of them are kept"
        )
    elif search.truncated_at is not None and search.n_candidates:
        sentences.append(f"{where}: algorithms truncated at {search.truncated_at:,} of {search.n_candidates:,}")
    # interpretations: of listed circuits alone, and of these perhaps of the first alone
    if not analysis.interpretations.complete and circuits.method != "listed":
        sentences.append(f"{where}: interpretations are those of the {circuits.n_listed:,} listed circuits alone")
    if analysis.interpretations.truncated_at:
        counted = analysis.interpretations.truncated_at
        why = "" if "interpretations" in stopped else ", there are too many states to carry for the others"
        sentences.append(
            f"{where}: interpretations of the first {counted:,} of {circuits.n_listed:,} listed circuits were counted"
            f"{why}"
        )
    elif analysis.interpretations.truncated_at is not None and "interpretations" not in stopped:
        sentences.append(f"{where}: interpretations were not counted, there are too many states to carry")
    # placements: not begun at all, or ended algorithm by algorithm
    truncated = [result.truncated_at for result in search.algorithms if result.truncated_at]
    if "alignments" not in stopped and any(result.truncated_at == 0 for result in search.algorithms):
        sentences.append(f"{where}: placements were not searched, there are too many neuron sets to try")
    if truncated:
        sentences.append(f"{where}: placements of {len(truncated):,} algorithms truncated at {max(truncated):,} each")
    return sentences


def stop_words(stop: Stop) -> str:
    """Write what is not done, and how long it takes in all where time ended it."""
    if stop.reason == "pending":
        return f"{_STAGES[stop.stage]} is still to come"
    if stop.reason == "memory":
        return f"{_STAGES[stop.stage]} ended where memory did"
    takes = "" if stop.seconds is None else f"; in all it takes {seconds_words(stop.seconds)}"
    return f"the time was up before {_STAGES[stop.stage]} was done{takes}"


def _how_listed(circuits: CircuitSearch) -> str:
    """Write where the listed circuits come from, of a search that lists only some."""
    n_undrawn = len(circuits.smallest.undrawn) if circuits.smallest is not None else 0
    drawn = "drawn near-uniformly" if circuits.method == "hashed" else "drawn uniformly"
    if not n_undrawn:
        return drawn
    return f"{circuits.n_listed - n_undrawn:,} {drawn} and {n_undrawn:,} more for being the smallest known"


def smallest_json(smallest: SmallestCircuits, layout: EdgeLayout | Graph) -> dict[str, Any]:
    """The smallest valid circuits, as they stand in result files and are stored."""
    return {
        "masks": [layout.to_hex(mask) for mask in smallest.masks],
        "edges": smallest.n_edges,
        "proved": smallest.proved,
        "searched_up_to": smallest.searched_up_to,
        "tried": exact(smallest.n_tried),
        "descended": smallest.n_descended,
        "undrawn": [layout.to_hex(mask) for mask in smallest.undrawn],
        **({"solved": True} if smallest.solved else {}),
    }


def read_smallest(answer: Mapping[str, Any]) -> SmallestCircuits:
    """The inverse of :func:`smallest_json`."""
    masks, undrawn = (tuple(int(mask, 16) for mask in answer[name]) for name in ("masks", "undrawn"))
    tried, solved = int(answer["tried"]), answer.get("solved", False)
    return SmallestCircuits(
        masks, answer["proved"], answer["searched_up_to"], tried, answer["descended"], undrawn, solved
    )


def edge_use_json(use: EdgeUse) -> dict[str, list[int]]:
    """The edges that all valid circuits keep and that none does, as they stand in result files and are stored."""
    parts = {"keep": use.always, "never": use.never}
    return {name: [bit for bit in range(mask.bit_length()) if mask >> bit & 1] for name, mask in parts.items()}


def read_edge_use(answer: Mapping[str, Any]) -> EdgeUse:
    """The inverse of :func:`edge_use_json`."""
    return EdgeUse(*(sum(1 << bit for bit in answer[name]) for name in ("keep", "never")))


def bracket_json(bracket: Bracket) -> dict[str, Any]:
    """The counts by hashing behind an interval, as they stand in result files and are stored."""
    inside = bracket.inside
    kept: dict[str, Any] = {"bits": bracket.bits, "counts": bracket.n_counts}
    kept |= {name: getattr(inside, name) for name in ("epsilon", "delta", "seed", "version")}
    for name, one in (("inside", inside), ("outside", bracket.outside)):
        kept[name] = one and {"cells": one.cells, "hashes": one.hashes}
    return kept


def read_bracket(answer: Mapping[str, Any], possible: int) -> Bracket:
    """The inverse of :func:`bracket_json`."""
    same = {name: answer[name] for name in ("epsilon", "delta", "seed", "version")}
    inside, outside = (answer[name] and HashedCount(**answer[name], **same) for name in ("inside", "outside"))
    return Bracket(answer["bits"], inside, outside, answer["counts"], possible)


def search_parts(found: CircuitSearch, layout: EdgeLayout) -> dict[str, Any]:
    """Write what a search found beside numbers, as in result files and the store; None for what it has not."""
    return {
        "smallest": found.smallest and smallest_json(found.smallest, layout),
        "backbone": found.edge_use and edge_use_json(found.edge_use),
        "bracket": found.bracket and bracket_json(found.bracket),
    }


def read_parts(answer: Mapping[str, Any], possible: int) -> dict[str, Any]:
    """Read the fields of a search that :func:`search_parts` writes; None for what was not kept.

    Args:
        possible: circuits that there are.
    """
    smallest, backbone, bracket = (answer.get(name) for name in ("smallest", "backbone", "bracket"))
    return {
        "smallest": smallest and read_smallest(smallest),
        "edge_use": backbone and read_edge_use(backbone),
        "bracket": bracket and read_bracket(bracket, possible),
    }


def read_circuits(answer: Mapping[str, Any], layout: EdgeLayout | None, n_bits: int) -> CircuitSearch:
    """Read the search for circuits from a result file, which has no outputs and margins: these are empty.

    Args:
        answer: the field "circuits" of an output, with its masks.
        layout: edges of a perceptron cut to that output.
        n_bits: of a mask.
    """
    interval, spread = answer.get("interval"), answer["distribution"]
    return CircuitSearch(
        layout,
        int(answer["possible"]),
        number_array((int(text, 16) for text in answer["masks"]), n_bits),
        truncated_at=answer["truncated_at"],
        method=answer["method"],
        count=int(answer["valid"]),
        interval=None if interval is None else (int(interval[0]), int(interval[1])),
        confidence=answer.get("confidence"),
        n_tested=None if answer["tested"] is None else int(answer["tested"]),
        known_distribution=CircuitDistribution(
            int(spread["of"]),
            {int(n): int(number) for n, number in spread["by_edges"].items()},
            {int(n): int(number) for n, number in spread.get("by_neurons", {}).items()},
            tuple(map(int, spread["edge_use"])),
            tuple(tuple(map(int, layer)) for layer in spread.get("neuron_use", ())),
        ),
        n_drawn=answer.get("drawn") if layout else None,
        **read_parts(answer, int(answer["possible"])),
        so_far=CountSoFar.of_json(answer["so_far"], layout) if layout and "so_far" in answer else None,
    )


def read_unfinished(document: Any, questions: Sequence[Question]) -> list[OutputAnalysis]:
    """The analyses of a result file that time or memory ended, to go on from; see :func:`unfinished`."""
    analyses = list[OutputAnalysis]()
    with unfinished(document, questions):
        spent = {stage: max(0.0, float(seconds)) for stage, seconds in document["seconds"].items()}
        analyses += read_analyses(document, questions, [spent, *({} for _ in questions[1:])])
    return analyses


@contextmanager
def unfinished(document: Any, questions: Sequence[SubjectQuestion]) -> Iterator[None]:
    """Read a result file in this context that time or memory ended, to go on from.

    Args:
        document: the file's JSON value.
        questions: the present ones, by output.

    Raises:
        InvalidNetwork: it is no result of this engine on these questions, was changed, or has nothing to go on with.
    """
    if not isinstance(document, dict) or document.get("format") != RESULT_FORMAT:
        raise InvalidNetwork(_ITEM, f"is not of the format {RESULT_FORMAT!r}", "give one that pluriscope analyse wrote")
    try:
        _refuse_other(document, questions)
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as problem:
        raise InvalidNetwork(_ITEM, f"is damaged: {type(problem).__name__} {problem}", _ANEW) from None


def read_analyses(
    document: Mapping[str, Any], questions: Sequence[Question], seconds: Sequence[Mapping[str, float]]
) -> list[OutputAnalysis]:
    """The analyses of a result file that is known to be whole and of these questions, by output, finished or not.

    Args:
        seconds: of each output, by stage.
    """
    answer = zip(document["outputs"], questions, seconds, strict=True)
    return [_read_output(output, question, spent) for output, question, spent in answer]


def _refuse_other(document: Mapping[str, Any], questions: Sequence[SubjectQuestion]) -> None:
    """Refuse a result that cannot be gone on with for these questions."""
    first, outputs = questions[0], document["outputs"]
    pairs = {
        "engine": (document["engine"], ENGINE_VERSION),
        "network": (document["network"], first.subject.digest),
        "protocol": (document["protocol"]["digest"], first.protocol.digest),
        "data record": (document["data"]["digest"], first.data_digest),
        "outputs": ([one["output"] for one in outputs], [question.output for question in questions]),
        "tasks": (  # without a truth table the digest of the rows is of what is right as well
            [one["task"].get("truth_table") for one in outputs],
            [one.task_document.get("truth_table") for one in questions],
        ),
    }
    for what, (then, now) in pairs.items():
        if then != now:
            shown = "" if what == "tasks" else f", {str(then)[:12]}, and this is {str(now)[:12]}"
            raise InvalidNetwork(_ITEM, f"is of other {what}{shown}", "give what it was made of, or " + _ANEW)
    if not any("stops" in one or "parts" in one["circuits"] for one in outputs):
        raise InvalidNetwork(_ITEM, "is finished: nothing is missing that more time would find", "leave --continue out")
    if any("masks" not in one["circuits"] for one in outputs):
        raise InvalidNetwork(_ITEM, "lists no circuits, as with --no-masks", _ANEW)
    if document["outputs_digest"] != sha256_hex(canonical_json(outputs)):
        raise InvalidNetwork(_ITEM, "was changed after it was written", _ANEW)


def _read_output(answer: Mapping[str, Any], question: Question, seconds: Mapping[str, float]) -> OutputAnalysis:
    """The inverse of :func:`output_json`; what a finished one leaves out is counted again."""
    circuits, read = answer["circuits"], answer["interpretations"]
    found = read_circuits(circuits, question.layout, question.graph.n_bits)
    outputs, margins = evaluate_circuits(question, found.masks)
    numbers = tuple(int(read["by_circuit"][mask]) for mask in circuits["masks"])
    if "observed_by_circuit" in read:
        observed = tuple(map(int, read["observed_by_circuit"]))
    else:
        observed = count_interpretations(question, found.masks).observed_by_circuit if any(numbers) else numbers
    return OutputAnalysis(
        question=question,
        circuits=replace(found, outputs=outputs, margins=margins),
        interpretations=InterpretationCounts(
            numbers, observed, read.get("truncated_at"), complete=found.truncated_at is None
        ),
        algorithms=read_algorithms(answer, question),
        criteria={key: read_tally(tally) for key, tally in answer["criteria"].items()},
        seconds=seconds,
        stops=read_stops(answer),
    )


def read_algorithms(answer: Mapping[str, Any], question: Question) -> AlgorithmSearch:
    """The search for algorithms of an output of a result file."""
    search, totals = answer["candidate_search"], None
    if "first" in search:
        irredundant = {key: int(n) for key, n in search["irredundant"].items()}
        totals = CandidateTotals(
            search["aligned"], int(search["valid"]), int(search["minimal"]), irredundant, search["first"]
        )
    form, n_inputs = question.protocol.algorithm_form, question.subject.n_inputs
    algorithms = tuple(_read_algorithm(one, form, n_inputs) for one in answer["algorithms"])
    return AlgorithmSearch(algorithms, int(answer["candidates"]), answer["candidates_truncated_at"], totals)


def _read_algorithm(answer: Mapping[str, Any], form: Form, n_inputs: int) -> AlgorithmResult:
    text = answer["text"]
    return AlgorithmResult(
        parse_algorithm(text, form, n_inputs),
        tuple(
            OnNeurons(
                NeuronPlacement.of(
                    text, {v["path"]: NeuronSet(v["layer"], tuple(v["neurons"])) for v in one["variables"]}
                ),
                IIA(one["iia"]["agreed"], one["iia"]["of"]),
                one["minimal"],
                math.inf if one["margin"] is None else one["margin"],
            )
            for one in answer["alignments"]
        ),
        int(answer["valid"]),
        int(answer["minimal"]),
        answer["truncated_at"],
        answer["irredundant"],
    )


def tally_json(tally: CriterionTally) -> dict[str, Any]:
    """A criterion's tally as it stands in result files."""
    return {
        "passed": exact(tally.passed),
        "failed": exact(tally.failed),
        "undecided": exact(tally.undecided),
        "not_applicable": exact(tally.not_applicable),
        "of": exact(tally.of),
    }


def read_tally(answer: Mapping[str, Any]) -> CriterionTally:
    """The inverse of :func:`tally_json`."""
    return CriterionTally(**{key: int(value) for key, value in answer.items() if key != "of"})


def _distribution_json(distribution: CircuitDistribution) -> dict[str, Any]:
    """Write how the circuits looked at spread over sizes, edges and neurons."""
    return {
        "of": exact(distribution.of),
        "by_edges": {str(n): exact(number) for n, number in distribution.by_edges.items()},
        "by_neurons": {str(n): exact(number) for n, number in distribution.by_neurons.items()},
        "edge_use": [exact(number) for number in distribution.edge_use],
        "neuron_use": [[exact(number) for number in layer] for layer in distribution.neuron_use],
    }


def _candidate_search_json(search: AlgorithmSearch) -> dict[str, Any]:
    """Write how the candidates were searched, and what is known of all of them, listed or not."""
    found: dict[str, Any] = {
        "method": search.method,
        "listed": len(search.algorithms),
        "aligned": search.n_aligned,
        "valid": exact(search.n_valid_placements),
        "minimal": exact(search.n_minimal_placements),
    }
    if search.totals is not None:
        found["irredundant"] = {key: exact(n) for key, n in search.totals.irredundant.items()}
        found["first"] = search.totals.n_first
        found["note"] = (
            f"listed are the first {search.totals.n_first:,} candidates in canonical order and "
            f"{'every one' if search.truncated_at is None else 'the first'} that can be placed, each with its near "
            f"misses; {search.n_unlisted:,} others are not listed"
        )
    return found


def _algorithm_json(result: AlgorithmResult) -> dict[str, Any]:
    formulas = result.algorithm.formulas
    return {
        "id": result.algorithm.id,
        "formula": result.algorithm.formula,
        "text": result.algorithm.text,
        "valid": exact(result.n_valid),
        "minimal": exact(result.n_minimal),
        "truncated_at": result.truncated_at,
        "irredundant": dict(result.irredundant),
        "alignments": [_placement_json(scored, formulas) for scored in result.alignments],
    }


def _placement_json(scored: OnNeurons, formulas: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": scored.alignment.id,
        "variables": [
            {"path": path, "formula": formulas[path], "layer": site.layer, "neurons": list(site.neurons)}
            for path, site in scored.alignment.places
        ],
        "iia": {"agreed": scored.iia.agreed, "of": scored.iia.of},
        "valid": scored.valid,
        "minimal": scored.minimal,
        "margin": float(scored.margin) if math.isfinite(scored.margin) else None,
    }
