"""Networks as researchers have them: modules of torch, classifiers of scikit-learn, files, or the file's content."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from analysis.data import DATA_FORMAT, MAX_DATA_BYTES, DataRecord, parse_data_file
from analysis.errors import AnalysisError, InvalidData, InvalidNetwork
from analysis.network_files.chain import Activated, Dense, Step, file_of_steps
from analysis.network_files.declared_tasks import TaskSource
from analysis.network_files.files import MAX_NETWORK_BYTES, NETWORK_FORMAT, NetworkFile, network_file_json
from analysis.network_files.intake import Declaration, read_any, take_in
from analysis.networks.network import Network
from analysis.tasks import TASK_NAMES

_TORCH: Final = {"ReLU": "relu", "LeakyReLU": "leaky_relu", "Tanh": "tanh", "Sigmoid": "sigmoid", "Identity": "linear"}
_TRANSPARENT: Final = ("Dropout", "Flatten")  # do nothing to a vector when a network is evaluated
_SKLEARN: Final = {"relu": "relu", "tanh": "tanh", "logistic": "sigmoid", "identity": "linear"}


def sequential_network(net: Any) -> Network:
    """The network that a ``torch.nn.Sequential`` of ``Linear`` layers and activations computes.

    Args:
        net: the module; parameters of any floating type and device. One within another counts as its layers.

    Raises:
        InvalidNetwork: a module that cannot be represented, by its name; layers with different hidden activations.
    """
    steps: list[Step] = []
    for module in _in_order(net):
        kind = type(module).__name__
        if kind == "Linear":
            bias = None if module.bias is None else _array(module.bias)
            steps.append(Dense(_array(module.weight), bias))
        elif kind in _TORCH:
            slope = float(module.negative_slope) if kind == "LeakyReLU" else None
            steps.append(Activated(_TORCH[kind], slope))
        elif kind not in _TRANSPARENT:
            known = ", ".join(("Linear", *_TORCH))
            raise InvalidNetwork(f"module {kind}", "is no dense layer and no known activation", f"use only {known}")
    return file_of_steps(steps, "network").network


def _array(parameter: Any) -> Any:
    return parameter.detach().cpu().double().numpy()


def _in_order(net: Any) -> Iterator[Any]:
    """The modules of a Sequential, those of Sequentials within it included."""
    for module in net:
        if type(module).__name__ == "Sequential":
            yield from _in_order(module)
        else:
            yield module


def classifier_network(classifier: Any) -> Network:
    """The network that a fitted ``sklearn.neural_network.MLPClassifier`` (or regressor) computes.

    Args:
        classifier: fitted, with two classes, or with several labels of which any may be true.

    Raises:
        InvalidNetwork: it is not fitted, or its output is a softmax over more than two classes.
    """
    if not hasattr(classifier, "coefs_"):
        raise InvalidNetwork("classifier", "is not fitted", "call fit first")
    output = classifier.out_activation_
    if output not in _SKLEARN:
        cause = f"has the output activation {output!r}, over several classes at once"
        raise InvalidNetwork("classifier", cause, "use two classes, or one column of labels for each output")
    return Network.from_arrays(
        [w.T for w in classifier.coefs_],
        list(classifier.intercepts_),
        activation=_SKLEARN[classifier.activation],
        output_activation=_SKLEARN[output],
    )


_ACCEPTED: Final = (
    "a torch.nn.Sequential, a fitted MLPClassifier, the path of a network file, safetensors or ONNX, or what a network "
    "file holds as a dict"
)

Model = Any
"""Whatever :func:`read_model` reads."""
TaskLike = str | Sequence[int] | Sequence[str] | None
"""A name, truth table or formula; several for several outputs; None for what the file says, else what it answers."""


@dataclass(frozen=True)
class Subject:
    """A network with its name and tasks, and the rows on which it is looked at."""

    file: NetworkFile
    data: DataRecord


def read_model(model: Model, task: TaskLike = None, *, name: str = "", encoding: str = "", data: Any = None) -> Subject:
    """Read a network from whatever holds it.

    Args:
        model: a ``torch.nn.Sequential``, a fitted ``MLPClassifier``, a path, the bytes or the content of a network
            file, or a value of the engine.
        task: what its outputs should compute; what the file says, else what the network answers, if None.
        name: what to call it; the file's own name if empty.
        encoding: the numbers that stand for 0 and 1, e.g. "-1, 1"; empty for 0 and 1 themselves.
        data: a data file's path or content, or a data record; every Boolean input once if None.

    Raises:
        AnalysisError: it cannot be read or represented, with the reason and what to do.
    """
    draft = _draft(model)
    source, text = _declared(task)
    stem = Path(model).stem if isinstance(model, (str, Path)) else ""
    intake = take_in(draft, Declaration(name, source, text, encoding), fallback_name=stem)
    file = intake.file()
    if data is None:
        return Subject(file, intake.data)
    if encoding:
        raise InvalidData("encoding", "is given beside data, which says the rows itself", "leave one of them out")
    return Subject(file, _record(data, file.network))


def export(model: Model, path: str | Path, task: TaskLike = None, *, name: str = "") -> Path:
    """Write a network file, which commands, forms and servers take.

    Args:
        model: as :func:`pluriscope.explain` takes it.
        path: of the file.
        task: what its outputs should compute; what the file says, else what the network answers, if None.
        name: what to call the network.

    Raises:
        AnalysisError: it cannot be read or represented.
    """
    return write_json(path, network_file_json(read_model(model, task, name=name).file))


def _draft(model: Model) -> NetworkFile:
    """What the model says of itself."""
    if isinstance(model, NetworkFile):
        return model
    if isinstance(model, Network):
        return NetworkFile("", model, ())
    if isinstance(model, (str, Path)):
        return read_any(read_bytes(Path(model).expanduser(), "network file", InvalidNetwork, MAX_NETWORK_BYTES))
    if isinstance(model, (bytes, bytearray)):
        return read_any(bytes(model))
    if isinstance(model, Mapping):
        return read_any(_json({"format": NETWORK_FORMAT, **model}, "network file", InvalidNetwork))
    kinds = [kind.__name__ for kind in type(model).__mro__]
    if "Sequential" in kinds:
        return NetworkFile("", sequential_network(model), ())
    if "BaseMultilayerPerceptron" in kinds:
        return NetworkFile("", classifier_network(model), ())
    if "Module" in kinds:
        cause = "is no nn.Sequential, so nothing says in which order its layers run"
        cure = "give nn.Sequential(…) of its layers and activations, in the order of its forward"
        raise InvalidNetwork(f"module {kinds[0]}", cause, cure)
    raise InvalidNetwork(f"model of type {kinds[0]}", "is nothing that a network can be read from", f"give {_ACCEPTED}")


def _declared(task: TaskLike) -> tuple[TaskSource, str]:
    """Where the tasks come from, and their text, as :class:`analysis.network_files.intake.Declaration` has them."""
    if task is None:
        return "file", ""
    if isinstance(task, str):
        texts = [task]
    elif all(not isinstance(one, str) for one in task):
        texts = ["".join(str(int(value)) for value in task)]
    else:
        texts = [str(one) for one in task]
    if all(text.strip().upper() in TASK_NAMES for text in texts):
        return "name", ";".join(texts)
    if all(set(text) <= set("01 ,[]") for text in texts):
        return "table", ";".join(texts)
    return "formula", ";".join(texts)


def _record(data: Any, network: Network) -> DataRecord:
    """A data record for a network."""
    if isinstance(data, DataRecord):
        return data
    if isinstance(data, Mapping):
        raw = _json({"format": DATA_FORMAT, **data}, "data file", InvalidData)
    elif isinstance(data, (str, Path)):
        raw = read_bytes(Path(data).expanduser(), "data file", InvalidData, MAX_DATA_BYTES)
    else:
        cause = f"is {type(data).__name__}, no data record"
        raise InvalidData("data", cause, "give the path or the content of a data file")
    return parse_data_file(raw, network.n_inputs, network.n_outputs)


def _json(content: Mapping[str, Any], item: str, error: type[AnalysisError]) -> bytes:
    try:
        return json.dumps(content).encode()
    except (TypeError, ValueError) as problem:
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


def write_json(path: str | Path, document: Mapping[str, Any]) -> Path:
    """Write a file of one JSON value, and tell where it is."""
    target = Path(path).expanduser()
    target.write_text(json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    return target
