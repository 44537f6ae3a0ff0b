"""Networks as researchers have them: in torch or scikit-learn, files, or a file's content."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn

from pluriscope.analysis.errors import AnalysisError, InvalidData, InvalidNetwork
from pluriscope.analysis.network_files.declaration import Declaration, OutputIs
from pluriscope.analysis.network_files.files import MAX_NETWORK_BYTES, NETWORK_FORMAT, NetworkFile
from pluriscope.analysis.network_files.formats.archive import MAX_MEMBERS
from pluriscope.analysis.network_files.formats.marks import refuse_marked
from pluriscope.analysis.network_files.intake import as_chosen, take_in
from pluriscope.analysis.questions.data import DATA_FORMAT, MAX_DATA_BYTES, DataRecord
from pluriscope.analysis.subjects.names import checked_name
from pluriscope.analysis.subjects.perceptron.kind import COARSER_PERCEPTRON, PERCEPTRON
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.subject import SubjectKind
from pluriscope.analysis.subjects.transformer.kind import TRANSFORMER
from pluriscope.analysis.values.described import Described
from pluriscope.analysis.values.strict_json import validated
from pluriscope.arguments import LATER, FilePath, checked, file_path, jsonable, unfit
from pluriscope.errors import writing
from pluriscope.library.onnx_runs import read_file
from pluriscope.library.task_values import TaskLike, declared, encoding_text
from pluriscope.live.calls import ReadTransformer
from pluriscope.live.number_rows import ROWS as NUMBERS
from pluriscope.live.number_rows import live_classifier
from pluriscope.live.packages import PACKAGES, live_file, opened
from pluriscope.live.token_tasks import ROWS, live_transformer, token_rows

_OUT: Final = "leave it out"
_ACCEPTED: Final = (
    "a torch.nn.Module, a model of TransformerLens or nnsight, a fitted MLPClassifier, the path of a network file, "
    "safetensors or ONNX, or what a network file holds as a dict"
)
_DEEPEST: Final = 8
"""Folders in one another in which a model's files are looked for."""
DECISIONS: Final = "decisions"
"""The task that is what the network answers itself."""

Model = Any
"""Whatever :func:`read_model` reads."""
EncodingLike = Annotated[str | Sequence[float] | Sequence[Sequence[float]], LATER]
"""The numbers for 0 and 1: "-1, 1", a pair, or a pair for each input."""

LayersLike = str | Sequence[str]
"""The names of layers in order: a list, or a text with commas between."""


@dataclass(frozen=True, repr=False)
class GivenNetwork(Described):
    """A network of any kind, with its name and tasks.

    Args:
        file: what its kind reads: of perceptrons a network file, of others the subject.
        data: the rows of a perceptron; None where they stand in the file.
    """

    kind: SubjectKind
    file: Any
    data: DataRecord | None = None

    def __repr__(self) -> str:
        remarks = "".join(f"{one}\n" for one in self.file.remarks)
        return f"{remarks}<GivenNetwork: {self.file.name}, {self.kind.noun}>"


def questions_of(network: GivenNetwork, outputs: Sequence[int], protocol: Any) -> list[Any]:
    """Questions about some outputs of a network, about all if ``outputs`` is empty, under some rules.

    Raises:
        AnalysisError: everything that speaks against it.
    """
    found: list[Any] = network.kind.explaining.questions(network.kind, network.file, outputs, protocol, network.data)
    return found


def read_model(
    model: Model,
    task: TaskLike = None,
    *,
    name: str = "",
    encoding: EncodingLike = "",
    data: Any = None,
    **properties: Any,
) -> GivenNetwork:
    """Read a network from whatever holds it.

    Args:
        model: a ``torch.nn.Module`` or what a package wraps around one, a fitted ``MLPClassifier`` or ``MLPRegressor``
            or a pipeline of scalers before one, a path, the bytes or the content of a network file, or a value of the
            engine.
        task: what its outputs should compute; what the file says, else what the network answers, if None.
        name: what to call it; the file's own name if empty.
        encoding: the numbers that stand for 0 and 1, e.g. "-1, 1"; empty for 0 and 1 themselves.
        data: a data file's path or content, or a data record; every Boolean input once if None. Of a live transformer
            rows, as :func:`pluriscope.live.token_tasks.token_rows` takes them.
        properties: activation, output_activation, negative_slope, output_is, part and layers, as
            :func:`pluriscope.explain` takes them.

    Raises:
        AnalysisError: it cannot be read, represented or run, or does not compute what was read of it; with the reason
            and what to do.
    """
    if isinstance(model, GivenNetwork):
        model, data = model.file, model.data if data is None else data
    if whole := whole_subject(model):
        return declared_beside(whole, task, name, encoding=encoding, data=data, **properties)
    properties = {**properties, "layers": _layers_text(properties.get("layers", ""))}
    outputs = {"encoding": encoding, "output_is": properties.get("output_is", "")}
    package_model = opened(model)
    rows, unread = None, None
    try:
        rows = token_rows(data, package_model.token_ids)
    except AnalysisError as problem:
        unread = problem  # what is no row of tokens may be one of numbers
    declaration = _declaration(properties, encoding=encoding_text(encoding), name=name)
    draft = _draft(package_model.module, declaration, None if rows is None else len(rows["rows"][0]))
    stem = Path(model).stem if isinstance(model, (str, Path)) else ""
    named = name or stem or type(package_model.module).__name__
    if isinstance(draft, ReadTransformer):
        if unread:
            raise unread
        if rows is None and data is not None:
            raise unfit("data", data, ROWS)
        task = rows.get("answers") if task is None and rows else task
        decided = DECISIONS if _decided(task) else None
        answers = None if decided else task
        transformer = live_transformer(draft, rows, answers, name=named, token_text=package_model.token_text)
        return declared_beside(GivenNetwork(TRANSFORMER, transformer), decided, **outputs)
    if (rows or unread) and not isinstance(data, Mapping):
        decided = DECISIONS if _decided(task) else None
        one = outputs.pop("output_is") if draft.network.n_outputs == 1 else None
        whole = GivenNetwork(
            COARSER_PERCEPTRON, live_classifier(draft, data, None if decided else task, named, one or None)
        )
        return declared_beside(whole, decided, **outputs)
    if draft.original and draft.original.classes:
        cause = f"answers with one of {len(draft.original.classes)} classes"
        raise InvalidNetwork(f"model {type(model).__name__}", cause, f"give data={NUMBERS}")
    classes = as_chosen(draft, declaration).output_is == "classes"
    labels = draft.original.labels if draft.original else ()
    n_outputs = 1 if classes else draft.network.n_outputs
    tasks = declared(task, draft.network.n_inputs, n_outputs, *([labels] if labels else []))
    declaration = declaration.model_copy(update={"tasks": tasks})
    if draft.questions and tasks:  # which may answer some
        draft = _draft(package_model.module, declaration)
    assert isinstance(draft, NetworkFile)  # noqa: S101
    intake = take_in(draft, declaration, _record(data), fallback_name=stem)
    return GivenNetwork(PERCEPTRON, replace(intake.file(), remarks=(*draft.remarks, *intake.chosen)), intake.data)


def _declaration(properties: Mapping[str, Any], **more: Any) -> Declaration:
    cure = "see the arguments of pluriscope.explain"
    slope = properties.get("negative_slope")
    properties = {**properties, "negative_slope": "" if slope is None else str(slope)}
    return validated(Declaration, {**properties, **more}, "argument", InvalidNetwork, cure)


def _layers_text(layers: LayersLike) -> str:
    """Names of layers as a declaration has them."""
    return layers if isinstance(layers, str) else json.dumps(list(layers))


def _decided(task: Any) -> bool:
    """Whether the task is what the network answers."""
    return task is None or (isinstance(task, str) and task == DECISIONS)


def whole_subject(model: Any) -> GivenNetwork | None:
    """A network whose file says all of it, such as a transformer; None for what else a perceptron can be read from.

    Args:
        model: the path, the bytes or the content of such a file, or what is read from one.

    Raises:
        AnalysisError: the file is of such a kind and cannot be read.
    """
    content = b""
    if isinstance(model, (str, Path)):
        content = network_bytes(file_path("model", model))
    elif isinstance(model, (bytes, bytearray)):
        content = bytes(model)
    elif isinstance(model, Mapping):
        content = _json(model, "network file", InvalidNetwork) if "format" in model else b""
    elif not hasattr(model, "task_document"):
        return None
    if f'"{NETWORK_FORMAT}"'.encode() in content:
        return None
    from pluriscope.analysis.subjects.registry import (  # which perceptrons do without
        kind_of,
        kind_of_file,
        read_subject,
    )

    if not content:
        return None if kind_of(model) is PERCEPTRON else GivenNetwork(kind_of(model), model)
    return None if kind_of_file(content) is None else GivenNetwork(*read_subject(content))


def declared_beside(network: GivenNetwork, task: TaskLike = None, name: str = "", **declared: Any) -> GivenNetwork:
    """Add a name to a network whose file declares everything else; with ``task="decisions"`` its answers become its
    task.

    Args:
        declared: encoding, data, layers and output_is, as of :func:`read_model`.

    Raises:
        NotOffered: what its file says is declared beside it.
    """
    kind, file = network.kind, network.file
    for item, needs in (("encoding", "numbers"), ("data", "own-rows"), ("layers", "formats"), ("output_is", "numbers")):
        usual = "classes" if item == "output_is" else ""  # the largest decides
        if not isinstance(value := declared.get(item), (str, type(None))) or value not in (None, "", usual):
            kind.require(needs, item.replace("_", "-"))
    if task is not None and task != "":
        if not isinstance(task, str) or task != DECISIONS:
            kind.require("boolean-rows", "task")
        (question,) = questions_of(network, (), "")
        file = kind.explaining.as_answered(question)
    return replace(network, file=replace(file, name=checked_name(name)) if name else file)


@checked
def from_torch(
    model: Model,
    task: TaskLike = None,
    *,
    data: Any = None,
    name: str = "",
    encoding: EncodingLike = "",
    output_is: OutputIs = "",
) -> GivenNetwork:
    """The network that a module of torch computes: a perceptron, or a transformer of token ids.

    Args:
        model: a ``torch.nn.Module``. It is run beside what was read of it, and refused where that differs.
        task, data, name, encoding, output_is: see :func:`pluriscope.explain`, which takes what this gives.

    Raises:
        AnalysisError: which part cannot be read or what it computes otherwise, why, and what to do.
    """
    return read_model(model, task, data=data, name=name, encoding=encoding, output_is=output_is)


@checked
def from_transformer_lens(model: Model, task: TaskLike = None, *, data: Any = None, name: str = "") -> GivenNetwork:
    """The transformer of a ``TransformerBridge``, or of a ``HookedTransformer`` of versions 2 and 3.

    Args:
        model: of TransformerLens.
        task, data, name: see :func:`pluriscope.explain`, which takes what this gives.

    Raises:
        AnalysisError: as of :func:`from_torch`.
    """
    return _of_package("transformer_lens", model, task, data, name)


@checked
def from_nnsight(model: Model, task: TaskLike = None, *, data: Any = None, name: str = "") -> GivenNetwork:
    """The network of the module in an ``NNsight``, or of a language model of nnsight.

    Args:
        model: of nnsight, with its weights loaded (``dispatch=True``).
        task, data, name: see :func:`pluriscope.explain`, which takes what this gives.

    Raises:
        AnalysisError: as of :func:`from_torch`.
    """
    return _of_package("nnsight", model, task, data, name)


def _of_package(package: str, model: Model, task: TaskLike, data: Any, name: str) -> GivenNetwork:
    if opened(model).package != package:
        cause = f"is no model of {PACKAGES[package]}"
        raise InvalidNetwork(f"model of type {type(model).__name__}", cause, "use pluriscope.from_torch(module)")
    return read_model(model, task, data=data, name=name)


@checked
def export(
    model: Model,
    path: FilePath,
    task: TaskLike = None,
    *,
    name: str = "",
    encoding: EncodingLike = "",
    data: Any = None,
    activation: str = "",
    output_activation: str = "",
    negative_slope: float | None = None,
    output_is: OutputIs = "",
    part: str = "",
    layers: LayersLike = "",
) -> Path:
    """Write a network file, which commands, forms and servers take.

    Args:
        model: as :func:`pluriscope.explain` takes it.
        path: of the file.
        task: what its outputs should compute; what the file says, else what the network answers, if None.
        name: what to call the network.
        encoding: the numbers that stand for 0 and 1 on its inputs, on which it is compared with the model. The file
            does not hold them: give them again where it is analysed, which a warning says.
        data, activation, output_activation, negative_slope, output_is, part, layers: see :func:`pluriscope.explain`.

    Raises:
        AnalysisError: it cannot be read or represented.
    """
    document: dict[str, Any] = {
        "activation": activation,
        "output_activation": output_activation,
        "negative_slope": negative_slope,
    }
    document |= {"encoding": encoding, "output_is": output_is, "part": part, "layers": layers}
    subject = read_model(model, task, name=name, data=data, **document)
    remarks = list(subject.file.remarks)
    if subject.data is not None and not subject.data.is_clean:
        again = f"add --encoding='{encoding_text(encoding)}'" if encoding else "add --data=FILE"
        remarks.append(f"The file does not hold {'how inputs are encoded' if encoding else 'its rows'}: {again}.")
    if remarks:
        warnings.warn(" ".join(remarks), stacklevel=3)
    return write_json(path, subject.kind.write(subject.file))


def _draft(model: Model, declaration: Declaration, context: int | None = None) -> NetworkFile | ReadTransformer:
    """Network of a model, with what the model declares itself."""
    if not isinstance(model, (str, Path, bytes, bytearray, Mapping)):
        for item in ("part", "layers", "activation", "output_activation", "negative_slope"):
            if getattr(declaration, item):
                cause = "are named beside a model that has them in order"
                raise InvalidNetwork(item, cause if item == "layers" else "is given beside a model that has it", _OUT)
    if isinstance(model, NetworkFile):
        return model
    if isinstance(model, Network):
        return NetworkFile("", model, ())
    if isinstance(model, (str, Path)):
        path = file_path("model", model)
        return read_file(network_bytes(path), beside(path), declaration)
    if isinstance(model, (bytes, bytearray)):
        return read_file(bytes(model), declared=declaration)
    if isinstance(model, Mapping):
        return read_file(_json({"format": NETWORK_FORMAT, **model}, "network file", InvalidNetwork))
    found = live_file(model, context)
    if found is None:
        cause = "is nothing that a network can be read from"
        raise InvalidNetwork(f"model of type {type(model).__name__}", cause, f"give {_ACCEPTED}")
    return found


def read_content(
    raw: bytes,
    data: Callable[[str], bytes] | None = None,
    declared: Declaration | None = None,
    needs: str = "boolean-rows",
) -> NetworkFile:
    """A perceptron from a file's content, as :func:`read_file` reads it.

    Args:
        needs: a trait of what is asked for, which says why a network of another kind is refused.

    Raises:
        AnalysisError: it cannot be read, or is of a kind that lacks the trait.
    """
    try:
        return read_file(raw, data, declared)
    except InvalidNetwork:
        from pluriscope.analysis.subjects.registry import kind_of_file  # which perceptrons do without

        if kind := kind_of_file(raw):
            kind.require(needs, "network file")
        raise


def _record(data: Any) -> DataRecord | bytes | None:
    """Data record, or the content of its file."""
    if data is None or isinstance(data, DataRecord):
        return data
    if isinstance(data, Mapping):
        return _json({"format": DATA_FORMAT, **data}, "data file", InvalidData)
    if isinstance(data, (str, Path)):
        return read_bytes(file_path("data", data), "data file", InvalidData, MAX_DATA_BYTES)
    cause = f"is {type(data).__name__}, no data record"
    raise InvalidData("data", cause, "give the path or the content of a data file")


def _json(content: Mapping[str, Any], item: str, error: type[AnalysisError]) -> bytes:
    try:
        return json.dumps(content, default=jsonable).encode()
    except (TypeError, ValueError, RecursionError) as problem:
        cure = "give lists, numbers and texts, as .tolist() does"
        raise error(item, f"holds what no JSON can: {problem}", cure) from None


def read_bytes(path: Path, item: str, error: type[AnalysisError], most: int) -> bytes:
    """The content of a file.

    Raises:
        AnalysisError: of the kind given: there is none, it cannot be read, or it is too large.
    """
    try:
        if path.stat().st_size > most:
            cure = "give a file with this network alone"
            raise error(f"{item} {str(path)!r}", f"has more than {most:,} bytes", cure)
        return path.read_bytes()
    except OSError as problem:
        reason = (problem.strerror or str(problem)).lower()
        raise error(
            f"{item} {str(path)!r}", f"cannot be read: {reason}", "check the path and its permissions"
        ) from None


def network_bytes(path: Path) -> bytes:
    """The content of a network file.

    Raises:
        InvalidNetwork: as of :func:`read_bytes`; a folder, as of :func:`refuse_folder`.
    """
    if os.path.isdir(path):
        refuse_folder(path)
    return read_bytes(path, "network file", InvalidNetwork, MAX_NETWORK_BYTES)


def refuse_folder(folder: Path) -> NoReturn:
    """Refuse a folder where a file is read.

    Raises:
        InvalidNetwork: naming the format that has models in such folders, if it is one, with the lines that make a
            readable file.
    """
    names = set[str]()
    for place, inner, files in os.walk(folder):
        above = Path(place).relative_to(folder)
        names.update((above / name).as_posix() for name in files)
        if len(names) > MAX_MEMBERS:
            break
        if len(above.parts) > _DEEPEST:
            inner.clear()
    refuse_marked(b"", names)
    cause = "is a folder, and of no package that is known here"
    raise InvalidNetwork(f"network file {str(folder)!r}", cause, "give the path of a file")


def beside(path: Path) -> Callable[[str], bytes]:
    """Function that reads a file beside a file, by its plain name; models may keep their data there.

    It reads files of that very folder only: no link that leads out of it, and no folder or device.
    """

    def content(name: str) -> bytes:
        target = path.parent / name
        if target.resolve() != path.parent.resolve() / name or not target.is_file():
            cure = "put it there, or save the model whole: torch.onnx.export(…, external_data=False)"
            raise InvalidNetwork(f"data file {name!r}", f"is no file beside {path.name!r}", cure)
        return read_bytes(target, "data file", InvalidNetwork, MAX_NETWORK_BYTES)

    return content


def write_json(path: str | Path, document: Mapping[str, Any]) -> Path:
    """Write a file of one JSON value. Returns its path."""
    target = Path(path)
    with writing(target):
        target.write_text(json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    return target
