"""Things to test with: the authors' pretrained XOR network, an analysis of it, a real store in a temporary folder."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from pluriscope.analyses.registry import BY_KEY
from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.algorithms.high_level_model import HighLevelModel, Node
from pluriscope.analysis.circuits.judging import evaluate_circuits
from pluriscope.analysis.circuits.result import CircuitSearch
from pluriscope.analysis.explaining.pipeline import analyse_output
from pluriscope.analysis.interpretations.indexing import InterpretationSpace
from pluriscope.analysis.interpretations.interpretation import Interpretation
from pluriscope.analysis.interpretations.result import InterpretationCounts
from pluriscope.analysis.interventions.neuron_set import NeuronSet
from pluriscope.analysis.network_files.files import NetworkFile
from pluriscope.analysis.placements.placement import IIA, NeuronPlacement, ScoredPlacement
from pluriscope.analysis.placements.result import AlgorithmResult, AlgorithmSearch
from pluriscope.analysis.questions.protocol import COMPLETE, Protocol
from pluriscope.analysis.questions.tasks import input_table, named_task
from pluriscope.analysis.results.result import CriterionTally, OutputAnalysis
from pluriscope.analysis.running.work import DEFAULT_WORK
from pluriscope.analysis.subjects.perceptron.circuit import Circuit, EdgeLayout
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question, ask
from pluriscope.app.db.codecs import graph_question
from pluriscope.app.db.engine import Store, store_at
from pluriscope.app.db.prepared import prepare_analysis
from pluriscope.app.db.reports import reports_of
from pluriscope.app.db.tables import AnalysisReportRow, AnalysisRow
from pluriscope.app.db.writes import save_network, save_prepared
from pluriscope.app.jobs.analyses import handler_of, load_analysis_inputs
from pluriscope.app.jobs.definitions import analyse_arguments, arguments_about
from pluriscope.app.settings import Settings

GOLDEN = Path(__file__).parent / "golden"
XOR_SLUG = "xor-pretrained"


def interpretation_at(question: Question, circuit: Circuit, index: int) -> Interpretation:
    """The interpretation of a circuit at an index."""
    return InterpretationSpace(question, circuit).at(index)


def save_analysis(session: Session, analysis: OutputAnalysis, *, engine_version: str = ENGINE_VERSION) -> AnalysisRow:
    """Store one analysis."""
    return save_prepared(session, prepare_analysis(analysis, engine_version=engine_version))


def searched(session: Session, raw: bytes, rules: str = "complete", **more: Any) -> AnalysisRow:
    """A network whose file says all of it, stored with its circuits under some rules.

    Args:
        more: as for :func:`pluriscope.app.db.writes.save_network`.
    """
    row = save_network(session, raw, **more)
    question = graph_question(row, rules)
    arguments = analyse_arguments(row.digest, 0, question.protocol)
    return save_prepared(session, load_analysis_inputs(session, arguments)(DEFAULT_WORK))


def found_out(session: Session, analysis: AnalysisRow, key: str, **details: Any) -> AnalysisReportRow:
    """Run an analysis and store its report as its job with these arguments would."""
    handler = handler_of(BY_KEY[key])
    arguments = arguments_about(
        *(analysis.network.digest, analysis.output, analysis.protocol_digest, analysis.data_digest),
        analysis.result_digest,
        **BY_KEY[key].details(),
        **details,
    )
    handler.save(session, arguments, handler.load(session, arguments)(DEFAULT_WORK))
    return reports_of(session, analysis, [key])[key]


def temporary_store(folder: Path) -> Store:
    """A new SQLite database with the current schema."""
    file = folder / "test.sqlite"
    file.write_bytes(empty_database())
    return in_folder(store_at(f"sqlite:///{file}"), folder)


def in_folder(store: Store, folder: Path) -> Store:
    """Give a store a data folder of its own."""
    return replace(store, carried={"data_folder": folder})


@lru_cache
def empty_database() -> bytes:
    """A migrated database as a file; to migrate anew for every test would be most of the tests' time."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "empty.sqlite"
        store = store_at(f"sqlite:///{file}")
        store.migrate()
        store.close()
        return file.read_bytes()


def on_a_copy(data: Path, **others: Any) -> Settings:
    """Settings of a dashboard whose store, if it is SQLite's, is there before it starts, with nothing in it."""
    settings, file = Settings(data=data, **others), data / "pluriscope.sqlite"
    if not settings.database_url and not file.exists():
        file.write_bytes(empty_database())
    return settings


@lru_cache
def pretrained_xor() -> NetworkFile:
    """The authors' 2-3-3-1 XOR network."""
    stored = json.loads((GOLDEN / "xor_pretrained.json").read_text())["network"]
    network = Network.from_arrays(
        stored["weights"],
        stored["biases"],
        activation=stored["activation"],
        output_activation=stored["output_activation"],
        negative_slope=stored["negative_slope"],
    )
    return NetworkFile("XOR, pretrained", network, (named_task("XOR", 2),), "© 2025 Maxime Méloux, MIT")


def small_network(seed: int = 0, sizes: tuple[int, ...] = (2, 2, 1), name: str = "") -> NetworkFile:
    """A network with random weights that is good for nothing; its tasks are XOR, whatever it computes."""
    random = np.random.default_rng(seed)
    shapes = list(zip(sizes[1:], sizes, strict=False))
    network = Network.from_arrays([random.normal(size=s) for s in shapes], [random.normal(size=s[0]) for s in shapes])
    return NetworkFile(name or f"Random {seed}", network, (named_task("XOR", 2),) * sizes[-1])


def exact_xor() -> NetworkFile:
    """2-2-1, which computes XOR exactly: the smallest network that has explanations of every kind."""
    network = Network.from_arrays(
        [[[1, 1], [1, 1]], [[1, -2]]], [[0, -1], [0]], activation="relu", output_activation="linear"
    )
    return NetworkFile("Exact XOR", network, (named_task("XOR", 2),))


@lru_cache
def hand_made_analysis(protocol: Protocol = COMPLETE) -> OutputAnalysis:
    """An analysis of the pretrained XOR that looks real, made without the engine.

    The 197 valid circuits and their margins are true (tried one by one below); their outputs are the engine's, which a
    store computes again to the last bit. The two algorithms are true candidates; the numbers of interpretations, the
    alignments' scores and the criteria are made up.
    """
    file = pretrained_xor()
    layout = EdgeLayout(file.network.sizes)
    masks, outputs = _valid_by_trying(file.network, layout)
    margins = np.abs(outputs[:, :, None] - np.array([-0.5, 0.5, 1.5])).min(axis=(1, 2))
    observed = tuple(1 + (int(mask) % 7) ** 2 for mask in masks)
    by_circuit = tuple(10 ** (int(mask) % 30) + n for mask, n in zip(masks, observed, strict=True))
    algorithms = tuple(_algorithm_result(model) for model in two_xor_algorithms())
    question = ask(file.network, task=file.tasks[0], protocol=protocol)
    return OutputAnalysis(
        question=question,
        circuits=CircuitSearch(layout, 9_625, masks, evaluate_circuits(question, masks)[0], margins),
        interpretations=InterpretationCounts(by_circuit, observed),
        algorithms=AlgorithmSearch(algorithms, len(algorithms)),
        criteria={"zero-ablation": CriterionTally(len(masks), 9_625 - len(masks), 0, 0)},
        seconds={"circuits": 0.01, "alignments": 0.02},
    )


@lru_cache
def real_analysis(protocol: Protocol = COMPLETE) -> OutputAnalysis:
    """Analysis of the pretrained XOR; about half a second, once."""
    file = pretrained_xor()
    return analyse_output(ask(file.network, task=file.tasks[0], protocol=protocol))


def stored_analysis(store: Store, protocol: Protocol = COMPLETE, *, real: bool = False) -> AnalysisRow:
    """The pretrained XOR and its analysis, the hand-made or the real one, saved under the slug :data:`XOR_SLUG`."""
    with store.write() as session:
        save_network(session, pretrained_xor(), slug=XOR_SLUG, origin="bundled", position=0)
        return save_analysis(session, real_analysis(protocol) if real else hand_made_analysis(protocol))


def two_xor_algorithms() -> tuple[HighLevelModel, ...]:
    """¬(A∧B) ∧ ¬(¬A∧¬B) and ¬(¬(¬A∧B) ∧ ¬(¬B∧A)), the two of XOR without a redundant literal."""

    def negate(node: Node) -> Node:
        return Node("not", (node,))

    def both(left: Node, right: Node) -> Node:
        return Node("and", (left, right))

    a, b = Node("input", (), 0), Node("input", (), 1)
    alice = both(negate(both(negate(a), negate(b))), negate(both(a, b)))
    bob = negate(both(negate(both(negate(a), b)), negate(both(negate(b), a))))
    return HighLevelModel("and_inverter", 2, alice), HighLevelModel("and_inverter", 2, bob)


def _algorithm_result(model: HighLevelModel) -> AlgorithmResult:
    sites = [((0,), (1,)), ((0, 2), (1,)), ((0,), (1, 2)), ((2,), (0,)), ((1,), (2,))]
    fits = model == two_xor_algorithms()[0]
    alignments = []
    for rank, (first, second) in enumerate(sites):
        valid = fits and rank < 3
        alignment = NeuronPlacement.of(model.text, {"0": NeuronSet(1, first), "1": NeuronSet(1, second)})
        margin = 0.25 / (rank + 1)
        alignments.append(
            ScoredPlacement(alignment, IIA(24 - (0 if valid else rank + 1), 24), valid and rank == 0, margin)
        )
    keys = ("irredundant-gates", "irredundant-functions", "irredundant-literals")
    n_valid = sum(scored.valid for scored in alignments)
    return AlgorithmResult(model, tuple(alignments), n_valid, min(n_valid, 1), None, dict.fromkeys(keys, True))


def _valid_by_trying(network: Network, layout: EdgeLayout) -> tuple[np.ndarray, np.ndarray]:
    masks = np.arange(1 << layout.n_edges, dtype=np.uint64)
    bits = ((masks[:, None] >> np.arange(layout.n_edges, dtype=np.uint64)) & np.uint64(1)).astype(bool)
    keep = [
        bits[:, start:end].reshape(len(masks), n_out, n_in)
        for start, end, n_in, n_out in zip(
            layout.offsets, layout.offsets[1:], layout.sizes, layout.sizes[1:], strict=False
        )
    ]
    possible = keep[0].any(axis=1).all(axis=1) & keep[-1].any(axis=2).all(axis=1)
    for below, above in pairwise(keep):
        possible &= (below.any(axis=2) == above.any(axis=1)).all(axis=1)
    masks, keep = masks[possible], [matrix[possible] for matrix in keep]
    assert len(masks) == 9_625
    values = np.broadcast_to(input_table(2).T, (len(masks), 2, 4))  # [circuit, neuron, row]
    for matrix, weight, bias in zip(keep, network.weights, network.biases, strict=True):
        z = np.where(matrix, weight, 0.0) @ values + np.where(matrix.any(axis=2), bias, 0.0)[:, :, None]
        values = np.where(z > 0, z, 0.01 * z)
    outputs = values[:, 0, :]
    valid = (np.round(outputs) == np.array([0, 1, 1, 0])).all(axis=1)
    assert valid.sum() == 197
    return masks[valid], outputs[valid]
