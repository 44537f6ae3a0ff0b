"""An analysis made ready for the store: everything that takes time, done before any transaction begins.

Pure and without a session, so that the process that computed the analysis does it as well, and what goes through the
pipe to the worker only needs to be inserted.
"""

from __future__ import annotations

import math
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.algorithms.redundancy import IRREDUNDANT
from pluriscope.analysis.circuits.distribution import neurons_of
from pluriscope.analysis.circuits.result import CircuitSearch, some_circuits
from pluriscope.analysis.criteria.judging import StepVerdicts
from pluriscope.analysis.network_files.result_file import smallest_json
from pluriscope.analysis.placements.result import AlgorithmResult, AlgorithmSearch
from pluriscope.analysis.questions.data import DataRecord
from pluriscope.analysis.results.result import OutputAnalysis
from pluriscope.analysis.subjects.enumeration import MAX_BITS
from pluriscope.analysis.subjects.question import GraphQuestion, QuestionProtocol, SubjectQuestion
from pluriscope.analysis.values.digest import canonical_json, sha256_hex
from pluriscope.app.db.distributions import candidates_json, distributions_of, distributions_of_bits
from pluriscope.app.db.tables import PERCEPTRON
from pluriscope.app.db.verdicts import PreparedVerdicts

_NO_ALGORITHMS: Final = AlgorithmSearch((), 0, 0)


@dataclass(frozen=True)
class PreparedAnalysis:
    """An analysis with all its rows, ready to be inserted.

    Args:
        kind: of its network.
        network: digest of its network.
        columns: values of the columns of its row, the references to other rows left out.
        circuits: columns of the listed ones, masks ascending.
        data: the rows; None where they are the network's own.
        search: its algorithms and alignments; their rows are made one by one when they are inserted.
        count_so_far: where an exact count goes on, as JSON values; None unless one was ended.
        verdicts: on the circuits, whose letters are among their columns.
    """

    kind: str
    network: str
    protocol: QuestionProtocol
    columns: Mapping[str, Any]
    circuits: Mapping[str, list[Any]]
    data: DataRecord | None = None
    search: AlgorithmSearch = _NO_ALGORITHMS
    count_so_far: Mapping[str, Any] | None = None
    verdicts: Sequence[PreparedVerdicts] = ()

    @property
    def output(self) -> int:
        return int(self.columns["output"])

    @property
    def result_digest(self) -> str:
        return str(self.columns["result_digest"])

    def placement_rows(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The id of an algorithm and the columns of one of its alignments' rows, analysis and algorithm left out."""
        for result in self.search.algorithms:
            for scored in result.alignments:
                yield (
                    result.algorithm.id,
                    {
                        "alignment_id": scored.alignment.id,
                        "places": scored.alignment.document,
                        "agreed": scored.iia.agreed,
                        "of": scored.iia.of,
                        "iia": scored.iia.value,
                        "valid": scored.valid,
                        "minimal": scored.minimal,
                        "n_neurons": scored.alignment.n_neurons,
                        "margin": _finite(scored.margin),
                    },
                )


def prepare_analysis(analysis: OutputAnalysis, *, engine_version: str = ENGINE_VERSION) -> PreparedAnalysis:
    """Make an analysis ready.

    Args:
        engine_version: of the engine that found it.
    """
    circuits, counts, search = analysis.circuits, analysis.interpretations, analysis.algorithms
    columns = {
        **_number_columns(analysis.question, circuits, engine_version),
        **_search_columns(circuits),
        "result_digest": result_digest(analysis, engine_version),
        "interpretations_total": counts.total,
        "interpretations_observed": counts.observed,
        "interpretations_complete": counts.complete,
        "interpretations_truncated_at": counts.truncated_at,
        "algorithms_candidates": search.n_candidates,
        "algorithms_truncated_at": search.truncated_at,
        "algorithms_aligned": search.n_aligned,
        "alignments_valid": search.n_valid_placements,
        "alignments_minimal": search.n_minimal_placements,
        "exhaustive": analysis.exhaustive,
        "criteria": _criteria_json(analysis),
        "distributions": distributions_of(analysis),
        "seconds": dict(analysis.seconds),
        "provenance": _provenance(),
    }
    return PreparedAnalysis(
        PERCEPTRON,
        analysis.question.subject.digest,
        analysis.question.protocol,
        columns,
        _circuit_columns(analysis),
        analysis.question.record,
        search,
        None if circuits.so_far is None else circuits.so_far.as_json(),
    )


def prepare_circuits(
    question: GraphQuestion,
    found: CircuitSearch | None,
    circuits: Mapping[str, Any],
    verdicts: Sequence[StepVerdicts] = (),
) -> PreparedAnalysis:
    """Make ready what a search found of a network of another kind than perceptrons.

    Args:
        question: that was asked.
        found: None where circuits are neither searched nor drawn.
        circuits: columns of the listed ones, see
            :func:`~pluriscope.analysis.circuit_sets.judged_masks.judged_circuits`.
        verdicts: on these.
    """
    prepared = [PreparedVerdicts.of(one, ()) for one in verdicts]
    listed: dict[str, list[Any]] = {name: [] for name in _FIGURES}
    listed |= {name: list(column) if name == "roles" else column.tolist() for name, column in circuits.items()}
    listed["mask"] = list(map(question.graph.to_hex, listed["mask"]))
    listed["verdicts"] = list(map("".join, zip(*(one.letters for one in prepared), strict=True)))
    n, searched = len(listed["mask"]), found or some_circuits(question.space.possible, np.empty(0, np.uint64))
    columns = _number_columns(question, searched, ENGINE_VERSION)
    columns["distributions"] = distributions_of_bits(found, question.graph)
    steps = [[one.step.key, one.step.settings_digest] for one in prepared]
    head = canonical_json({**columns, "network": question.subject.digest, "steps": steps})
    columns |= {
        "result_digest": sha256_hex(head, *(b"\n" + ",".join(map(str, one)).encode() for one in listed.values())),
        **(_search_columns(searched) if found else {**_search_columns(searched), **_REFUSED}),
        **dict.fromkeys(_NOT_COUNTED, 0),
        "interpretations_complete": False,
        "exhaustive": found is not None and found.complete,
        "criteria": {},
        "plan": {} if found is not None else {"refused": question.obstacle},
        "seconds": {},
        "provenance": _provenance(),
    }
    listed = {**listed, "position": list(range(n)), "interpretations": [0] * n, "observed": [0] * n}
    return PreparedAnalysis(
        question.kind.key,
        question.subject.digest,
        question.protocol,
        columns,
        listed,
        question.record,
        verdicts=prepared,
    )


_FIGURES: Final = ("mask", "edges", "neurons", "right", "worst", "margin", "roles")
_NOT_COUNTED: Final = (
    *("interpretations_total", "interpretations_observed", "interpretations_truncated_at", "algorithms_candidates"),
    *("algorithms_truncated_at", "algorithms_aligned", "alignments_valid", "alignments_minimal"),
)


_REFUSED: Final = {"circuits_method": "refused", "circuits_tested": 0}


def _number_columns(question: SubjectQuestion, found: CircuitSearch, engine_version: str) -> dict[str, Any]:
    """The columns of an analysis of any kind of network that say what was asked, and how many circuits are valid."""
    low, high = found.interval or (None, None)
    return {
        "output": question.output,
        "protocol_digest": question.protocol.digest,
        "data_digest": question.data_digest,
        "engine_version": engine_version,
        "circuits_possible": found.possible,
        "circuits_valid": found.n_valid,
        "circuits_low": low,
        "circuits_high": high,
        "circuits_confidence": found.confidence,
    }


def _search_columns(found: CircuitSearch) -> dict[str, Any]:
    """The columns that say how circuits were searched."""
    return {
        "circuits_method": found.method,
        "circuits_listed": found.n_listed,
        "circuits_tested": found.n_tested,
        "circuits_truncated_at": found.truncated_at,
    }


def _provenance() -> dict[str, str]:
    return {"numpy": np.__version__, "python": platform.python_version()}


def _circuit_columns(analysis: OutputAnalysis) -> dict[str, list[Any]]:
    layout, masks, counts = analysis.question.layout, analysis.circuits.masks, analysis.interpretations
    return {
        "position": list(range(len(masks))),
        "mask": list(map(layout.to_hex, masks.tolist())),
        "edges": np.bitwise_count(masks).tolist(),
        "neurons": neurons_of(masks, layout).tolist(),
        "margin": analysis.circuits.margins.tolist(),
        "interpretations": list(counts.by_circuit),
        "observed": list(counts.observed_by_circuit),
    }


def result_digest(
    analysis: OutputAnalysis, engine_version: str = ENGINE_VERSION, *, compared: Mapping[str, Any] | None = None
) -> str:
    """SHA-256 of everything found, timings apart: equal runs of one engine have equal digests.

    Args:
        analysis: what was found.
        engine_version: of the engine that found it.
        compared: what float32 decides otherwise, of stored analyses that once asked.
    """
    circuits, counts, search = analysis.circuits, analysis.interpretations, analysis.algorithms
    layout = analysis.question.layout
    head = {
        "engine": engine_version,
        "network": analysis.question.subject.digest,
        "output": analysis.question.output,
        "truth_table": list(analysis.question.task.truth_table),
        "protocol": analysis.question.protocol.digest,
        "data": analysis.question.record.digest,
        "possible": circuits.possible,
        "circuits_truncated_at": circuits.truncated_at,
        "candidates": search.n_candidates,
        "candidates_truncated_at": search.truncated_at,
        "criteria": _criteria_json(analysis),
        "algorithms": [_algorithm_content(result) for result in search.algorithms],
    }
    if circuits.method != "listed":
        answer = [circuits.method, str(circuits.count), [str(end) for end in circuits.interval or ()]]
        head["circuits_told"] = answer
    if circuits.smallest is not None:
        head["smallest"] = smallest_json(circuits.smallest, layout)
    if search.totals is not None:
        head["candidates_told"] = candidates_json(search.totals)
    if compared is not None:
        head["float32"] = compared
    if counts.truncated_at is not None:
        head["interpretations_truncated_at"] = counts.truncated_at
    if analysis.stops:
        head["stops"] = [[stop.stage, stop.reason] for stop in analysis.stops]
    parts = [
        b"".join(word.astype("<u8").tobytes() for word in _mask_words(circuits.masks, layout.n_edges)),
        (circuits.outputs + 0.0).astype("<f8").tobytes(),
        circuits.margins.astype("<f8").tobytes(),
        ",".join(map(str, counts.by_circuit)).encode(),
        ",".join(map(str, counts.observed_by_circuit)).encode(),
    ]
    return sha256_hex(canonical_json(head), *(part for blob in parts for part in (b"\n", blob)))


def _mask_words(masks: NDArray[Any], n_edges: int) -> Iterator[NDArray[Any]]:
    """The masks as columns of 64 edges each, the first edges first."""
    if n_edges <= MAX_BITS:
        yield masks
        return
    for start in range(0, n_edges, MAX_BITS):
        yield (masks >> start) & (1 << MAX_BITS) - 1


def _algorithm_content(result: AlgorithmResult) -> list[Any]:
    alignments = [[s.alignment.id, s.iia.agreed, s.iia.of, s.minimal, _finite(s.margin)] for s in result.alignments]
    verdicts = dict(sorted(result.irredundant.items()))
    return [result.algorithm.text, result.n_valid, result.n_minimal, result.truncated_at, verdicts, alignments]


def _finite(margin: float) -> float | None:
    return float(margin) if math.isfinite(margin) else None


def _criteria_json(analysis: OutputAnalysis) -> dict[str, dict[str, int]]:
    """Tallies as result files write them (spec §6)."""
    return {key: {**asdict(tally), "of": tally.of} for key, tally in analysis.criteria.items()}


def algorithm_columns(position: int, result: AlgorithmResult) -> dict[str, Any]:
    """The columns of one algorithm's row, the analysis left out."""
    algorithm = result.algorithm
    best = max((s.iia for s in result.alignments), key=lambda iia: iia.value, default=None)
    return {
        "algorithm_id": algorithm.id,
        "position": position,
        "form": algorithm.form,
        "text": algorithm.text,
        "formula": algorithm.formula,
        "depth": algorithm.depth,
        "n_gates": algorithm.n_gates,
        "n_variables": len(algorithm.carriers),
        **{key.replace("-", "_"): result.irredundant.get(key) for key in IRREDUNDANT},
        "n_valid": result.n_valid,
        "n_minimal": result.n_minimal,
        "n_kept": len(result.alignments),
        "truncated_at": result.truncated_at,
        "best_agreed": best.agreed if best else None,
        "best_of": best.of if best else None,
        # valid ones come first, fewest neurons first: the first valid one has no valid one inside it
        "first_alignment": result.alignments[0].alignment.id if result.alignments else None,
    }
