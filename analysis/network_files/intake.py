"""A network that is imported, from whatever holds it: what that says, what is declared, what speaks against it.

bytes ──read_any──▶ NetworkFile ──take_in──▶ Intake ──preflight, plan──▶ preview ──confirmed──▶ stored
torch, scikit-learn ──────▲          ▲
                            Declaration, data: what is said beside it

Every way in comes through :func:`take_in`: where what a network was read from can be run, it is run beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from pluriscope.analysis.errors import AnalysisError, InvalidData, InvalidNetwork, InvalidTask
from pluriscope.analysis.network_files.declaration import Declaration, OutputIs
from pluriscope.analysis.network_files.declared_tasks import declared_tasks
from pluriscope.analysis.network_files.files import MAX_NETWORK_BYTES, SMALLER, TOO_LARGE, NetworkFile
from pluriscope.analysis.network_files.formats.format import CALLING, LACKING, Beside, WeightsFound
from pluriscope.analysis.network_files.formats.registry import format_of
from pluriscope.analysis.network_files.original import Original, Rows, check_against
from pluriscope.analysis.network_files.questions import draft_of, with_questions
from pluriscope.analysis.questions.data import DataRecord, clean_data, data_problems, parse_data_file
from pluriscope.analysis.questions.input_encoding import InputEncoding, parse_encoding
from pluriscope.analysis.questions.tasks import MAX_INPUTS, Task, too_many_classes, too_many_inputs
from pluriscope.analysis.subjects.names import checked_name, usable_name
from pluriscope.analysis.subjects.perceptron.activations import SIGMOID
from pluriscope.analysis.subjects.perceptron.mlp import MAX_ACTIVATION, activation_bound
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.values.strict_json import Problems, combined

if TYPE_CHECKING:
    from pluriscope.analysis.planted.record import PlantedRecord

T = TypeVar("T")


@dataclass(frozen=True)
class Intake:
    """A network with everything declared, as far as it could be read.

    Args:
        draft: what the file says.
        name: what it is to be called.
        network: with its outputs as declared.
        encoding: None where it is wrong, or the network has too many inputs for one.
        data: the rows that it is judged on; the default record where they could not be read.
        tasks: one per output, None where they are wrong.
        problems: all that is wrong, by what it is about: a field of :class:`Declaration`, "data", or "network".
    """

    draft: NetworkFile
    name: str
    network: Network
    encoding: InputEncoding | None
    data: DataRecord
    tasks: tuple[Task, ...] | None
    problems: Mapping[str, AnalysisError]

    @property
    def decided(self) -> bool:
        """Whether every output has a task, and the rows are known."""
        return self.tasks is not None and self.encoding is not None

    @property
    def planted(self) -> PlantedRecord | None:
        """The record of what was planted, unless another task was declared: a record is about its own."""
        answer = self.draft.planted
        if answer is None or self.tasks is None or answer.task.truth_table != self.tasks[0].truth_table:
            return None
        return answer

    @property
    def chosen(self) -> tuple[str, ...]:
        """The choices that nobody declared and that alone fit, one sentence each."""
        return tuple(one.taken for one in self.draft.questions)

    @property
    def read(self) -> str:
        """The network as it was read, in a sentence."""
        network, names = self.draft.network, self.draft.layers
        layers = (
            f"{names[k] if names else f'layer {k + 1}'} ({n_in} to {n_out}, {network.function_of(k + 1).text})"
            for k, (n_in, n_out) in enumerate(zip(network.sizes, network.sizes[1:], strict=False))
        )
        how = "behind the last" if network.output_activation == "linear" else "in place of its last tanh"
        last = "" if self.network is network else f"; {how} a sigmoid, so that ½ is where it decides"
        return f"Layers in the order read: {', '.join(layers)}{last}."

    def file(self) -> NetworkFile:
        """The network file that comes of it.

        Raises:
            AnalysisError: something that was declared is wrong, or nobody says what the file leaves open and several
                answers fit; every problem at once.
        """
        unanswered = [refusal for one in self.draft.questions if (refusal := one.refusal) is not None]
        if unanswered or self.problems or self.tasks is None:
            calls = [one.removeprefix(CALLING).strip(" .") for one in self.draft.remarks if one.startswith(CALLING)]
            code = (InvalidNetwork(CALLING.lower(), one, "open it only if you trust it") for one in calls)
            problems = (*code, *unanswered, *self.problems.values())
            raise combined(problems, "what is declared", InvalidNetwork)
        own = replace(self.draft, name=self.name, network=self.network, tasks=self.tasks, planted=self.planted)
        return replace(own, remarks=(), layers=(), original=None, questions=())


def read_any(raw: bytes, beside: Beside | None = None, declared: Declaration | None = None) -> NetworkFile:
    """Read a network from a file of any accepted format, known by its bytes, with questions on what it leaves open.

    Args:
        beside: gives files in which an ONNX file may keep its data.
        declared: what is said beside it; nothing if None.

    Raises:
        InvalidNetwork: naming every problem that can be seen at once.
        InvalidTask: a truth table is the only problem.
    """
    declared = declared or Declaration()
    if len(raw) > MAX_NETWORK_BYTES:
        raise InvalidNetwork("network file", TOO_LARGE, SMALLER)
    form = format_of(raw)
    found = form.read(raw, beside)
    if isinstance(found, WeightsFound):
        return draft_of(replace(found, library=found.library or form.library), declared)
    if declared.layers:
        raise InvalidNetwork("layers", "are named beside a file that has them in order", "leave the names out")
    return with_questions(found, declared)


def as_chosen(draft: NetworkFile, declared: Declaration) -> Declaration:
    """A declaration with what was chosen where it leaves a question of the file open."""
    chosen = {one.field: one.chosen for one in draft.questions if not getattr(declared, one.field)}
    return Declaration.model_validate(declared.model_dump() | chosen)


def take_in(
    draft: NetworkFile, declaration: Declaration, data: DataRecord | bytes | None = None, *, fallback_name: str = ""
) -> Intake:
    """Put together what a network says of itself and what is said beside it; what is wrong there is noted, not raised.

    Args:
        draft: what the network says.
        declaration: what is said beside it.
        data: the rows that it is judged on, or a data file's content; those of the encoding if None.
        fallback_name: its name where neither gives one, such as the file's; made safe, or made of the sizes.

    Raises:
        InvalidNetwork: it does not compute what it was read from.
    """
    problems: dict[str, AnalysisError] = {}

    def noted(about: str, read: Callable[..., T], *given: Any) -> T | None:
        try:
            return read(*given)
        except AnalysisError as problem:
            problems[about] = problem
            return None

    chosen = as_chosen(draft, declaration)
    # data says the rows itself
    declaration = chosen if data is None else chosen.model_copy(update={"encoding": declaration.encoding})
    declared = noted("name", checked_name, declaration.name) if declaration.name else None
    name = declared or _default_name(draft, fallback_name)
    network, original = noted("output_is", with_output, draft, declaration.output_is) or (draft.network, None)
    default = clean_data(min(network.n_inputs, MAX_INPUTS))
    if network.n_inputs > MAX_INPUTS:
        problems["network"] = too_many_inputs(network.n_inputs)
        return Intake(draft, name, network, None, default, None, problems)
    encoding = noted("encoding", parse_encoding, declaration.encoding, network.n_inputs)
    record = None if encoding is None else noted("data", _record, network, encoding, declaration, data)
    if record is None:
        return Intake(draft, name, network, encoding, default, None, problems)
    tasks, rows = None, record.representatives
    if record.validation_inputs is not None:
        rows = np.concatenate((rows, record.validation_inputs))
    if activation_bound(network, float(np.abs(rows).max())) > MAX_ACTIVATION:
        cause = "are so large that activations may exceed float64"
        problems["network"] = InvalidNetwork("weights and inputs", cause, "scale them down")
    elif "output_is" not in problems or declaration.tasks or draft.tasks:
        if original is not None:
            check_against(original, network, rows)
        given = (declaration.task, declaration.tasks, network, record, draft.tasks or None)
        tasks = noted("tasks", declared_tasks, *given)
        lacking = [one for one in draft.remarks if one.startswith(LACKING)]
        if tasks is None and lacking:  # which may be why
            wrong = problems["tasks"]
            problems["tasks"] = InvalidTask(wrong.item, f"{wrong.cause}. {' '.join(lacking)}".rstrip("."), wrong.cure)
    return Intake(draft, name, network, encoding, record, tasks, problems)


def _record(
    network: Network, encoding: InputEncoding, declaration: Declaration, data: DataRecord | bytes | None
) -> DataRecord:
    """The rows that a network is judged on."""
    if data is None:
        return encoding.data_record()
    if declaration.encoding:
        raise InvalidData("encoding", "is given beside data, which says the rows itself", "leave one of them out")
    record = parse_data_file(data, network.n_inputs, network.n_outputs) if isinstance(data, bytes) else data
    Problems(data_problems(record, network.n_inputs, network.n_outputs)).refuse("data", InvalidData)
    if declaration.task == "decisions" and (record.validation_labels is not None or not record.boolean):
        cause = "is given beside data that says itself what is right"
        raise InvalidData("task decisions", cause, "leave one of them out")
    return record


def with_output(draft: NetworkFile, output_is: OutputIs) -> tuple[Network, Original | None]:
    """A network whose output decides at one half, of one whose output decides otherwise; with what it was read from.

    Raises:
        InvalidNetwork: its output is none that was declared.
    """
    network, original = draft.network, draft.original
    if output_is in ("", "value"):
        return network, original
    if network.output_activation != "linear" and (output_is, network.output_activation) != ("sign", "tanh"):
        cause = f"was declared as {output_is}, and the last layer already has the activation"
        cure = "say that the output is a value, or let the last layer be linear (output_activation of a file)"
        raise InvalidNetwork("output", f"{cause} {network.output_activation}", cure)
    if output_is == "classes" and network.n_outputs != 2:
        if network.n_outputs > 2:
            raise too_many_classes(network.n_outputs, "network")
        cause = f"was declared as two classes, and the network has {network.n_outputs}"
        raise InvalidNetwork("output", cause, "say output_is='logit' where one output decides at 0")
    weights, biases, slope = list(network.weights), list(network.biases), network.negative_slope
    if output_is == "classes":
        weights[-1], biases[-1] = np.diff(weights[-1], axis=0), np.diff(biases[-1])
    elif output_is == "sign":  # (1 + tanh s) / 2 is the sigmoid of 2 s
        weights[-1], biases[-1] = 2 * weights[-1], 2 * biases[-1]
    decided = Network.from_arrays(
        weights, biases, activation=network.activation, output_activation="sigmoid", negative_slope=slope
    )

    if original is None:
        return decided, None

    def run(rows: Rows) -> Rows:
        outputs = original.run(rows)
        if output_is == "sign":
            return (1 + outputs) / 2 if network.output_activation == "tanh" else SIGMOID.value(2 * outputs)
        return SIGMOID.value(np.diff(outputs) if output_is == "classes" else outputs)

    return decided, replace(original, run=run)


def _default_name(draft: NetworkFile, fallback: str) -> str:
    sizes = "-".join(map(str, draft.network.sizes))
    return usable_name(draft.name) or usable_name(fallback) or f"network {sizes}"
