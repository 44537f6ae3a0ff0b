"""Network files: `pluriscope-network/1`, the form in which networks come and go (spec §9).

    {"format": "pluriscope-network/1", "name": "my XOR", "sizes": [2, 3, 3, 1],
     "weights": [[[…]], …], "biases": [[…], …],
     "activation": "leaky_relu", "negative_slope": 0.01, "output_activation": "leaky_relu",
     "tasks": [{"name": "XOR", "truth_table": [0, 1, 1, 0]}]}

``negative_slope``, ``output_activation`` (default: the hidden one), ``attribution``, ``planted``
(:mod:`pluriscope.analysis.planted.record`), ``edited``
(:class:`pluriscope.analysis.subjects.edited.EditRecord`) and ``training``
(:class:`pluriscope.analysis.subjects.perceptron.training_course.EpochRecord`) may be left out, and so may a task's
name. Every other key is refused: a typing error would otherwise silently change what the network computes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pluriscope.analysis.errors import InvalidNetwork, InvalidPlanting
from pluriscope.analysis.questions.tasks import MAX_INPUTS, Task, task_from_table, too_many_inputs
from pluriscope.analysis.subjects.names import MAX_ATTRIBUTION, checked_name
from pluriscope.analysis.subjects.perceptron.activations import activation_of
from pluriscope.analysis.subjects.perceptron.mlp import MAX_ACTIVATION, activation_bound
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.values.described import Described
from pluriscope.analysis.values.digest import looks_like_digest
from pluriscope.analysis.values.strict_json import (
    Problems,
    check_keys,
    number_array,
    plain_text,
    read_object,
    validated,
)

if TYPE_CHECKING:
    from pluriscope.analysis.edits.edit import Edited
    from pluriscope.analysis.network_files.declaration import FileQuestion
    from pluriscope.analysis.network_files.original import Original
    from pluriscope.analysis.planted.record import PlantedRecord
    from pluriscope.analysis.subjects.edited import EditRecord
    from pluriscope.analysis.subjects.perceptron.training_course import EpochRecord

T = TypeVar("T")
NETWORK_FORMAT: Final = "pluriscope-network/1"
MAX_NETWORK_BYTES: Final = 4_000_000
TOO_LARGE: Final = f"is larger than the limit of {MAX_NETWORK_BYTES:,} bytes"
SMALLER: Final = "save the weights of a small network alone, without the state of an optimizer"
MAX_LAYERS: Final = 32
MAX_PARAMETERS: Final = 250_000  # of tensors; far more than any network that can be analysed
MAX_WIDTH: Final = 4096
MAX_PARTS: Final = 150_000  # lists and objects, or keys: more than the rows of 32 layers of 4,096 neurons
SLUG_LENGTH: Final = 60

_ITEM: Final = "network file"
_CURE: Final = f"give one JSON object with the format {NETWORK_FORMAT!r}"
DECLARED: Final = ("name", "sizes", "tasks")
"""Keys that may be left out of files with which they are declared."""
_REQUIRED: Final = ("format", "name", "sizes", "weights", "biases", "activation", "tasks")
_OPTIONAL: Final = ("negative_slope", "output_activation", "attribution", "planted", "edited", "training")
_NULLABLE: Final = ("output_activation", "planted", "edited", "training")


@dataclass(frozen=True, repr=False)
class NetworkFile(Described):
    """A network with its name, tasks and origin, as its file has them.

    Args:
        name: one line, 1 to 200 characters; "" where a file that may leave it out has none.
        network: all outputs.
        tasks: what each output should compute, one per output; () where a file that may leave it out says nothing.
        attribution: whose work it is and under which licence, or "".
        planted: what was planted in it; None if nothing is said.
        edited: the edit that it comes of; None if nothing is said.
        training: the training that it is a checkpoint of; None if nothing is said.
        remarks: what was read into the file that it does not say itself, one sentence each.
        layers: what it calls its layers, in the order read; () where it has no names for them.
        original: what it was read from, where that can be run.
        questions: what it does not say, with what was chosen while nobody says it.
    """

    name: str
    network: Network
    tasks: tuple[Task, ...]
    attribution: str = ""
    planted: PlantedRecord | None = None
    edited: EditRecord | None = None
    training: EpochRecord | None = None
    remarks: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    original: Original | None = None
    questions: tuple[FileQuestion, ...] = ()

    @property
    def slug(self) -> str:
        """A name for addresses, made from :attr:`name`; two files may share it."""
        return slug_of(self.name)


def slug_of(name: str) -> str:
    """The name in lower-case ASCII letters and digits joined by dashes, at most 60 characters; "network" if empty.

    Of a longer one words before the last four are left out, since names such as "…, seed 1, step 1500" differ there.
    A name that could be the beginning of a digest gets "network-" before it, so that it takes no address from another.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = "".join(c if c.isalnum() else " " for c in plain).split()
    while len("-".join(words)) > SLUG_LENGTH and len(words) > 5:
        del words[-5]
    slug = "-".join(words)[:SLUG_LENGTH].strip("-") or "network"
    return f"network-{slug}"[:SLUG_LENGTH] if looks_like_digest(slug) else slug


def parse_network_file(raw: bytes) -> NetworkFile:
    """Read a network file.

    Args:
        raw: the file's bytes, at most 4,000,000.

    Raises:
        InvalidNetwork: naming every problem that can be seen at once.
        InvalidTask: a truth table is the only problem.
    """
    return network_from(read_document(raw))


def read_document(raw: bytes, cure: str = _CURE) -> dict[str, Any]:
    """The JSON object of a network file, as yet unexamined.

    Args:
        raw: the file's bytes.
        cure: what to hand in instead of another file.

    Raises:
        InvalidNetwork: no JSON object, or none of this format.
    """
    document = read_object(raw, _ITEM, InvalidNetwork, MAX_NETWORK_BYTES, cure, max_parts=MAX_PARTS)
    if document.get("format") != NETWORK_FORMAT:
        raise wrong_format(document, cure)
    return document


def wrong_format(document: Mapping[str, Any], cure: str) -> InvalidNetwork:
    """Make the error about a JSON object that is no network file."""
    given = repr(document["format"])[:60] if "format" in document else "no format"
    return InvalidNetwork(_ITEM, f"has {given}, not the format {NETWORK_FORMAT!r}", cure)


def network_from(
    document: Mapping[str, Any], *, optional: Collection[str] = (), item: str = _ITEM, remarks: tuple[str, ...] = ()
) -> NetworkFile:
    """A network file from its content.

    Args:
        document: as :func:`read_document` gives it; of other formats, made from theirs.
        optional: keys that may be left out though network files need them.
        item: what the file is called in errors.
        remarks: see :class:`NetworkFile`.

    Raises:
        AnalysisError: the one problem, or an :class:`InvalidNetwork` that names all that can be seen at once.
    """
    required = tuple(key for key in _REQUIRED if key not in optional)
    problems = Problems(check_keys(document, required, (*_OPTIONAL, *optional), item, InvalidNetwork))

    def read(key: str, reader: Callable[..., T], *more: Any, **options: Any) -> T | None:
        """Read the value of a key; None where there is none or the reader refuses it."""
        if key not in document or (document[key] is None and key in _NULLABLE):
            return None
        return problems.attempt(reader, document[key], *more, **options)

    name = read("name", checked_name)
    attribution = read("attribution", plain_text, "attribution", InvalidNetwork, empty=True, limit=MAX_ATTRIBUTION)
    sizes = read("sizes", _sizes)
    weights, biases = read("weights", _arrays, "weights", 2), read("biases", _arrays, "biases", 1)
    activation, output_activation = (read(key, _activation, key) for key in ("activation", "output_activation"))
    network: Network | None = None
    if not problems and weights is not None and biases is not None and activation is not None:
        words = {"activation": activation, "output_activation": output_activation}
        slope = document.get("negative_slope")
        network = problems.attempt(Network.from_arrays, weights, biases, **words, negative_slope=slope)
    if network is not None and sizes is not None and network.sizes != sizes:
        found, stated = "-".join(map(str, network.sizes)), "-".join(map(str, sizes))
        cause = f"say {stated} but the weights are those of a {found} network"
        problems.append(InvalidNetwork("sizes", cause, "let sizes and weights agree"))
    if network is not None and activation_bound(network) > MAX_ACTIVATION:
        cause = "are so large that activations may exceed float64"
        problems.append(InvalidNetwork("weights and biases", cause, "scale them down"))
    shape = sizes or (None if network is None else network.sizes)
    tasks, planted, edited = None, None, None
    training = read("training", _training, shape)
    if shape is not None and shape[0] <= MAX_INPUTS:
        tasks = read("tasks", _tasks, shape)
        if network is not None and document.get("planted") is not None:
            from pluriscope.analysis.planted.record import read_planted

            planted = read("planted", read_planted, network.sizes)
        if network is not None and document.get("edited") is not None:
            from pluriscope.analysis.edits.registry import read_edited

            edited = read("edited", read_edited, "perceptron", network.sizes)
    if planted is not None and tasks is not None and planted.task.truth_table != tasks[0].truth_table:
        problems.append(InvalidPlanting("planted algorithm", "computes another task", "let algorithm and task agree"))
    problems.refuse(item, InvalidNetwork)
    assert network is not None  # noqa: S101  # or something was noted
    return NetworkFile(name or "", network, tasks or (), attribution or "", planted, edited, training, remarks)


def network_file_json(file: NetworkFile) -> dict[str, Any]:
    """The file's content as JSON values; floats keep every bit when written with ``json.dumps``."""
    network = file.network
    document: dict[str, Any] = {
        "format": NETWORK_FORMAT,
        "name": file.name,
        "sizes": list(network.sizes),
        "weights": [w.tolist() for w in network.weights],
        "biases": [b.tolist() for b in network.biases],
        "activation": network.activation,
        "negative_slope": network.negative_slope,
        "output_activation": network.output_activation,
        "tasks": [task_json(task) for task in file.tasks],
    }
    document |= {"attribution": file.attribution} if file.attribution else {}
    if file.planted is not None:
        from pluriscope.analysis.planted.record import planted_json

        document["planted"] = planted_json(file.planted)
    if file.edited is not None:
        document["edited"] = file.edited.model_dump()
    if file.training is not None:
        document["training"] = file.training.model_dump(mode="json")
    return document


def edited_file(base: NetworkFile, edited: Edited, name: str = "") -> NetworkFile:
    """The file of an edited network: its tasks are what it computes, and nothing is said to be planted in it.

    Args:
        base: the file of the network before.
        edited: what came of it.
        name: what it is called; the old name and the rule if not given.

    Raises:
        InvalidNetwork: a name that is none.
    """
    name = edited.named(base.name, name)
    tasks = tuple(Task(tuple(one["truth_table"]), one["name"]) for one in edited.outcome.tasks)
    network, record = edited.subject, edited.record
    base = replace(base, planted=None, training=None, remarks=())
    return replace(base, name=name, network=network, tasks=tasks, edited=record)


def task_json(task: Task) -> dict[str, Any]:
    """A task as it stands in network and result files."""
    return {"name": task.name, "truth_table": list(task.truth_table)}


def _training(value: Any, sizes: tuple[int, ...] | None) -> EpochRecord:
    from pluriscope.analysis.subjects.perceptron.training_course import EpochRecord

    cure = "write it as pluriscope train does"
    record = validated(EpochRecord, value, "training", InvalidNetwork, cure)
    if sizes is not None and record.options.sizes != sizes:
        raise InvalidNetwork("training", "is that of a network of another size", cure)
    return record


def _activation(value: Any, field: str) -> str:
    try:
        activation_of(value)
    except InvalidNetwork as problem:
        item = problem.item.replace("activation", field, 1)
        raise InvalidNetwork(item, problem.cause, problem.cure) from None
    return str(value)


def _sizes(value: Any) -> tuple[int, ...]:
    cure = f"give layer sizes such as [2, 3, 3, 1]: 2 to {MAX_LAYERS} whole numbers from 1 to {MAX_WIDTH}"
    whole = isinstance(value, list) and all(isinstance(n, int) and not isinstance(n, bool) for n in value)
    if not whole or len(value) < 2 or min(value) < 1:
        raise InvalidNetwork("sizes", "are not layer sizes", cure)
    if len(value) > MAX_LAYERS:
        raise InvalidNetwork("sizes", f"are {len(value):,} layers with the inputs; {MAX_LAYERS} are the most", cure)
    if max(value) > MAX_WIDTH:
        raise InvalidNetwork("sizes", f"have a layer of {max(value):,} neurons; {MAX_WIDTH:,} are the most", cure)
    if value[0] > MAX_INPUTS:
        raise too_many_inputs(value[0], "sizes")
    return tuple(value)


def _arrays(value: Any, field: str, n_axes: int) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise InvalidNetwork(field, "is not a list with one entry for each layer", "give one entry for each layer")
    if len(value) > MAX_LAYERS:
        raise InvalidNetwork(field, f"has {len(value)} layers", f"use at most {MAX_LAYERS}")
    problems = Problems()
    arrays = [
        problems.attempt(number_array, entry, f"{field}[{layer}]", n_axes, InvalidNetwork)
        for layer, entry in enumerate(value)
    ]
    problems.refuse(field, InvalidNetwork)
    return arrays


def _tasks(value: Any, sizes: tuple[int, ...]) -> tuple[Task, ...]:
    n_inputs, n_outputs = sizes[0], sizes[-1]
    cure = f"give one task for each of the {n_outputs} outputs: {{name, truth_table}}"
    if not isinstance(value, list) or not all(isinstance(task, dict) for task in value):
        raise InvalidNetwork("tasks", "are not a list of objects", cure)
    problems = Problems()
    if len(value) != n_outputs:
        problems.append(InvalidNetwork("tasks", f"are {len(value)} for {n_outputs} outputs", cure))
    tasks = [problems.attempt(_task, task, f"tasks[{n}]", n_inputs) for n, task in enumerate(value[:n_outputs])]
    problems.refuse("tasks", InvalidNetwork)
    return tuple(task for task in tasks if task is not None)


def _task(value: dict[str, Any], item: str, n_inputs: int) -> Task:
    Problems(check_keys(value, ("truth_table",), ("name",), item, InvalidNetwork)).refuse(item, InvalidNetwork)
    if not isinstance(value["truth_table"], list):
        raise InvalidNetwork(item, "has a truth_table that is no list", f"list {2**n_inputs} values of 0 or 1")
    name = plain_text(value.get("name", ""), f"{item} name", InvalidNetwork, empty=True)
    return task_from_table(value["truth_table"], n_inputs, name)
