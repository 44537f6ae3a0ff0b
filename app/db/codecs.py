"""Values ↔ rows: networks, protocols, data records and alignments, arrays without pickle."""

from __future__ import annotations

import json
import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.edits.edit import Edited
from pluriscope.analysis.edits.registry import read_edited
from pluriscope.analysis.network_files.files import NetworkFile, edited_file, network_file_json, task_json
from pluriscope.analysis.placements.placement import IIA, NeuronPlacement, OnNeurons
from pluriscope.analysis.planted.record import PlantedRecord, read_planted
from pluriscope.analysis.questions.data import DataRecord, data_file_json, parse_data_file
from pluriscope.analysis.questions.protocol import Protocol
from pluriscope.analysis.questions.tasks import Task
from pluriscope.analysis.subjects import registry
from pluriscope.analysis.subjects.perceptron.kind import COARSER_PERCEPTRON, PERCEPTRON
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import GrainQuestion, Question, by_grain
from pluriscope.analysis.subjects.perceptron.training_course import EpochRecord
from pluriscope.analysis.subjects.registry import kind_called, read_subject
from pluriscope.analysis.subjects.subject import Subject, SubjectKind
from pluriscope.analysis.subjects.trained import StepRecord, TrainingRecord
from pluriscope.analysis.values.digest import canonical_json
from pluriscope.app.db.errors import NotFound
from pluriscope.app.db.remote import remote_kinds
from pluriscope.app.db.tables import AlignmentRow, AnalysisRow, CheckpointRow, DataRow, NetworkRow, ProtocolRow


def parameters_to_bytes(network: Network) -> bytes:
    """W1, b1, W2, b2, … as little-endian float64, each matrix row by row."""
    pairs = zip(network.weights, network.biases, strict=True)
    return b"".join((array + 0.0).astype("<f8").tobytes() for pair in pairs for array in pair)


def network_of(row: NetworkRow) -> Network:
    """The network of a row, checked again on its way out."""
    return Network.from_flat(
        parameters_of(row),
        row.sizes,
        activation=row.activation,
        output_activation=row.output_activation,
        negative_slope=row.negative_slope,
    )


def parameters_of(row: NetworkRow) -> NDArray[np.float64]:
    """The parameters W1, b1, W2, … of a row's network."""
    return np.frombuffer(row.parameters, dtype="<f8")


def tasks_to_json(tasks: tuple[Task, ...]) -> list[dict[str, Any]]:
    """Tasks as a network file writes them."""
    return [task_json(task) for task in tasks]


def is_known(kind: str) -> bool:
    """Whether this version knows a kind of network; another may have stored more."""
    return kind in {one.key for one in registry.SUBJECT_KINDS} or kind in remote_kinds()


def kind_of_analysis(row: AnalysisRow) -> SubjectKind:
    """The kind by whose rules a stored analysis was made: of perceptrons by what their circuits are made of."""
    if row.network.kind == PERCEPTRON.key and row.protocol.settings.get("granularity", "edges") != "edges":
        return COARSER_PERCEPTRON
    return kind_called(row.network.kind)


def graph_question(row: NetworkRow, rules: str) -> Any:
    """Question about a stored network of another kind than perceptrons. Made once, then kept.

    Args:
        rules: as addresses write them.

    Raises:
        NotFound: this version knows no such kind.
        InvalidProtocol: the kind has no such rules, or they do not fit the network.
    """
    if remote := remote_kinds().get(row.kind):
        cause = f"is a {remote.noun}: its weights are not here, so nothing of it can be computed"
        raise NotFound(f"network {row.slug!r}", cause, "look at its own page")
    if row.document is None or not is_known(row.kind):
        cause = f"is of the kind {row.kind!r}, which this version does not know"
        raise NotFound(f"network {row.slug!r}", cause, "use the version that stored it")
    return _graph_question(row.document, rules)


@lru_cache(maxsize=32)
def _graph_question(document: bytes, rules: str) -> Any:
    kind, subject = _read(document)
    (question,) = kind.explaining.questions(kind, subject, (), rules, None)
    return question


def subject_of(row: NetworkRow) -> Any:
    """The network of a row, of any kind."""
    return network_of(row) if row.document is None else _read(row.document)[1]


def edited_file_of(row: NetworkRow, edited: Edited, name: str) -> NetworkFile | bytes:
    """The file of a stored network after an edit.

    Args:
        name: what it is called; the old name and the rule if not given.

    Raises:
        InvalidNetwork: a name that is none.
    """
    if row.document is None:
        return edited_file(network_file_of(row), edited, name)
    subject = edited.file(name)
    return canonical_json(registry.kind_of(subject).write(subject))


@lru_cache(maxsize=32)
def _read(document: bytes) -> tuple[SubjectKind, Subject]:
    return read_subject(document)


def question_of(network: NetworkRow, output: int, protocol: Protocol, data: DataRecord) -> Question | GrainQuestion:
    """Question about one output of a stored perceptron, which must have that output. Made once, then kept.

    Raises:
        InvalidProtocol: the network has no such circuits.
    """
    task = network.tasks[output]
    asked = output, tuple(task["truth_table"]), task["name"], protocol, data
    written = network.activation, network.output_activation, network.negative_slope
    return _question(network.parameters, tuple(network.sizes), *written, *asked)


@lru_cache(maxsize=32)
def _question(
    parameters: bytes,
    sizes: tuple[int, ...],
    activation: str,
    output_activation: str,
    negative_slope: float,
    output: int,
    table: tuple[int, ...],
    name: str,
    protocol: Protocol,
    data: DataRecord,
) -> Question | GrainQuestion:
    options: dict[str, Any] = {"output_activation": output_activation, "negative_slope": negative_slope}
    network = Network.from_flat(np.frombuffer(parameters, dtype="<f8"), sizes, activation=activation, **options)
    return by_grain(Question(network, output, Task(table, name), protocol, data))


def tasks_of(row: NetworkRow) -> tuple[Task, ...]:
    """The tasks of a network's outputs, in order."""
    return tuple(Task(tuple(task.get("truth_table", ())), task["name"]) for task in row.tasks)


def planted_of(row: NetworkRow) -> PlantedRecord | None:
    """Record of what was planted in a network; None if nothing was."""
    return None if row.planted is None else read_planted(row.planted, tuple(row.sizes))


def network_file_of(row: NetworkRow) -> NetworkFile:
    """A stored network as the file that it could have come from."""
    edited = None if row.edited is None else read_edited(row.edited, "perceptron", tuple(row.sizes))
    training: Any = next((record_of(one, row) for one in row.checkpoints), None)
    return NetworkFile(row.name, network_of(row), tasks_of(row), row.attribution, planted_of(row), edited, training)


def record_of(checkpoint: CheckpointRow, row: NetworkRow) -> TrainingRecord:
    """Record of the training at a checkpoint, as the network's file had it."""
    return (EpochRecord if row.document is None else StepRecord).model_validate(checkpoint.record)


def document_of(row: NetworkRow) -> dict[str, Any]:
    """The file of a stored network of any kind, as JSON values."""
    document: dict[str, Any] = (
        network_file_json(network_file_of(row)) if row.document is None else json.loads(row.document)
    )
    return document


def protocol_of(row: ProtocolRow) -> Protocol:
    """The protocol of a row, under the name it was first stored with."""
    return Protocol.model_validate({**row.settings, "name": row.name})


def data_to_bytes(record: DataRecord) -> bytes:
    """A data record as a data file in canonical JSON; every float64 comes back exactly."""
    return canonical_json(data_file_json(record))


def data_of(row: DataRow) -> DataRecord:
    """The data record of a row; read once, then kept."""
    return _read_data(row.record)


@lru_cache(maxsize=8)
def _read_data(written: bytes) -> DataRecord:
    document = json.loads(written)
    labels = document["validation_labels"]
    n_outputs = 1 if labels is None else _columns(labels)
    return parse_data_file(written, _columns(document["representatives"]), n_outputs)


def _columns(array: Any) -> int:
    """Columns of a data file's array, written as lists or packed."""
    return int(array["shape"][1]) if isinstance(array, dict) else len(array[0])


def placement_of(row: AlignmentRow, algorithm_text: str) -> OnNeurons:
    """The scored alignment of a row.

    Args:
        row: a stored alignment.
        algorithm_text: identity text of its algorithm.
    """
    margin = math.inf if row.margin is None else row.margin
    return OnNeurons(NeuronPlacement.read(algorithm_text, row.places), IIA(row.agreed, row.of), row.minimal, margin)
