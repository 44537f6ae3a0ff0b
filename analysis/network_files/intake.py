"""A network imported by somebody: what its file says, what is declared beside it, and all that speaks against it.

bytes ──read_any──▶ NetworkFile ──take_in──▶ Intake ──preflight, plan──▶ preview ──confirmed──▶ stored
                                    ▲
                        Declaration: name, tasks, encoding
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from analysis.data import DataRecord, clean_data
from analysis.errors import AnalysisError, InvalidNetwork
from analysis.input_encoding import InputEncoding, parse_encoding
from analysis.network_files.declared_tasks import TaskSource, declared_tasks
from analysis.network_files.files import DECLARED, NetworkFile, checked_name, network_from, read_document
from analysis.network_files.formats.onnx_file import Beside, onnx_model, read_onnx
from analysis.network_files.formats.safetensors_file import looks_like_safetensors, read_safetensors
from analysis.network_files.planted_record import PlantedRecord
from analysis.networks.mlp import MAX_ACTIVATION, activation_bound
from analysis.strict_json import combined
from analysis.tasks import MAX_INPUTS, Task

_JSON_STARTS: Final = (b"{", b"[", b'"')


@dataclass(frozen=True)
class Declaration:
    """What is said beside a file.

    Args:
        name: "" for the file's own.
        source: where the tasks come from.
        tasks: names, truth tables or formulas, one for each output.
        encoding: numbers for 0 and 1; "" for 0 and 1 themselves.
    """

    name: str = ""
    source: TaskSource = "file"
    tasks: str = ""
    encoding: str = ""


@dataclass(frozen=True)
class Intake:
    """A network with everything declared, as far as it could be read.

    Args:
        draft: what the file says.
        name: what it is to be called.
        encoding: None where it is wrong, or the network has too many inputs for one.
        tasks: one per output, None where they are wrong.
        problems: all that is wrong, by what it is about: "name", "encoding", "tasks", or "network".
    """

    draft: NetworkFile
    name: str
    encoding: InputEncoding | None
    tasks: tuple[Task, ...] | None
    problems: Mapping[str, AnalysisError]

    @property
    def data(self) -> DataRecord:
        """The rows that stand for the Boolean inputs; the default record where no encoding could be read."""
        n_inputs = self.draft.network.n_inputs
        return clean_data(min(n_inputs, MAX_INPUTS)) if self.encoding is None else self.encoding.data_record()

    @property
    def decided(self) -> bool:
        """Whether every output has a task, and the rows are known."""
        return self.tasks is not None and self.encoding is not None

    @property
    def planted(self) -> PlantedRecord | None:
        """What the file says was planted, unless another task was declared: a record is about its own."""
        told = self.draft.planted
        if told is None or self.tasks is None or told.task.truth_table != self.tasks[0].truth_table:
            return None
        return told

    def file(self) -> NetworkFile:
        """The network file that comes of it.

        Raises:
            AnalysisError: something that was declared is wrong; every problem at once.
        """
        if self.problems or self.tasks is None:
            raise combined(tuple(self.problems.values()), "what is declared", InvalidNetwork)
        return replace(self.draft, name=self.name, tasks=self.tasks, planted=self.planted, remarks=())


def is_onnx(raw: bytes) -> bool:
    """Whether bytes are an ONNX model. Text that begins as JSON does is not tried."""
    text = raw[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    return not text.startswith(_JSON_STARTS) and not looks_like_safetensors(raw) and onnx_model(raw) is not None


def read_any(raw: bytes, beside: Beside | None = None, *, optional: tuple[str, ...] = DECLARED) -> NetworkFile:
    """A network from a file of any accepted format, told by parsing it.

    Args:
        beside: gives files in which an ONNX file may keep its data.
        optional: keys that a network file may leave out, since they can be declared.

    Raises:
        InvalidNetwork: naming every problem that can be seen at once.
        InvalidTask: a truth table is the only problem.
    """
    if looks_like_safetensors(raw):
        return read_safetensors(raw)
    if is_onnx(raw):
        return read_onnx(raw, beside)
    cure = "give a network file (JSON), safetensors, or an ONNX file that is not cut off"
    return network_from(read_document(raw, cure), optional=optional)


def read_intake(raw: bytes, declaration: Declaration, *, fallback_name: str = "") -> Intake:
    """Read a file with what is declared beside it. A network file with nothing declared must be complete.

    Args:
        declaration: what is said beside it.
        fallback_name: see :func:`take_in`.

    Raises:
        AnalysisError: the file cannot be read; what is wrong with the declaration is noted in the intake.
    """
    draft = read_any(raw, optional=() if declaration == Declaration() else DECLARED)
    return take_in(draft, declaration, fallback_name=fallback_name)


def take_in(draft: NetworkFile, declaration: Declaration, *, fallback_name: str = "") -> Intake:
    """Put together what a file says and what is declared beside it; what is wrong is noted, not raised.

    Args:
        draft: what the file says.
        declaration: what is said beside it.
        fallback_name: its name where neither gives one, such as the file's; made safe, or made of the sizes.
    """
    network = draft.network
    problems: dict[str, AnalysisError] = {}
    name = _default_name(draft, fallback_name)
    if declaration.name.strip():
        try:
            name = checked_name(declaration.name)
        except AnalysisError as problem:
            problems["name"] = problem
    encoding, tasks = None, None
    if network.n_inputs > MAX_INPUTS:
        cause = f"has {network.n_inputs} inputs; every Boolean input is looked at, so {MAX_INPUTS} is the most"
        problems["network"] = InvalidNetwork("network", cause, f"use a network with 1 to {MAX_INPUTS} inputs")
        return Intake(draft, name, None, None, problems)
    try:
        encoding = parse_encoding(declaration.encoding, network.n_inputs)
    except AnalysisError as problem:
        problems["encoding"] = problem
    if encoding is not None:
        largest = max(abs(number) for number in (*encoding.low, *encoding.high))
        if activation_bound(network, largest) > MAX_ACTIVATION:
            cause = "are so large that activations may exceed float64"
            problems["network"] = InvalidNetwork("weights and inputs", cause, "scale them down")
        else:
            try:
                data = encoding.data_record()
                tasks = declared_tasks(declaration.source, declaration.tasks, network, data, draft.tasks or None)
            except AnalysisError as problem:
                problems["tasks"] = problem
    return Intake(draft, name, encoding, tasks, problems)


def _default_name(draft: NetworkFile, fallback: str) -> str:
    for name in (draft.name, fallback):
        if name.strip():
            try:
                return checked_name(name)
            except InvalidNetwork:
                continue
    return f"network {'-'.join(map(str, draft.network.sizes))}"
