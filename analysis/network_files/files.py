"""Network files: `pluriscope-network/1`, the form in which networks come and go (spec §9).

    {"format": "pluriscope-network/1", "name": "my XOR", "sizes": [2, 3, 3, 1],
     "weights": [[[…]], …], "biases": [[…], …],
     "activation": "leaky_relu", "negative_slope": 0.01, "output_activation": "leaky_relu",
     "tasks": [{"name": "XOR", "truth_table": [0, 1, 1, 0]}]}

``negative_slope``, ``output_activation`` (default: the hidden one), ``attribution`` and ``planted``
(:mod:`analysis.network_files.planted_record`) may be left out, and so may a task's name. Every other key is refused: a
typing error would otherwise silently change what the network computes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from analysis.digest import looks_like_digest
from analysis.errors import AnalysisError, InvalidNetwork, InvalidPlanting
from analysis.network_files.planted_record import PlantedRecord, planted_json, read_planted
from analysis.networks.mlp import MAX_ACTIVATION, activation_bound
from analysis.networks.network import ACTIVATIONS, Network
from analysis.strict_json import check_keys, combined, number_array, plain_text, read_object
from analysis.tasks import MAX_INPUTS, Task, task_from_table

NETWORK_FORMAT: Final = "pluriscope-network/1"
MAX_NETWORK_BYTES: Final = 4_000_000
MAX_LAYERS: Final = 32
MAX_WIDTH: Final = 4096
MAX_ATTRIBUTION: Final = 2_000
MAX_PARTS: Final = 150_000  # lists and objects, or keys: more than the rows of 32 layers of 4,096 neurons
SLUG_LENGTH: Final = 60

_ITEM: Final = "network file"
_CURE: Final = f"give one JSON object with the format {NETWORK_FORMAT!r}"
_REQUIRED: Final = ("format", "name", "sizes", "weights", "biases", "activation", "tasks")
_OPTIONAL: Final = ("negative_slope", "output_activation", "attribution", "planted")
_PATH_LIKE: Final = re.compile(r"^[/\\~]|^[A-Za-z]:[/\\]|^file:|\.\.[/\\]|[/\\]$")


@dataclass(frozen=True)
class NetworkFile:
    """A network with what people call it.

    Args:
        name: one line, 1 to 200 characters.
        network: all outputs.
        tasks: what each output should compute, one per output.
        attribution: whose work it is and under which licence, or "".
        planted: what was planted in it; None if nothing is said.
    """

    name: str
    network: Network
    tasks: tuple[Task, ...]
    attribution: str = ""
    planted: PlantedRecord | None = None

    @property
    def slug(self) -> str:
        """A name for addresses, made from :attr:`name`; two files may share it."""
        return slug_of(self.name)


def slug_of(name: str) -> str:
    """The name in lower-case ASCII letters and digits joined by dashes, at most 60 characters; "network" if empty.

    A name that could be the beginning of a digest gets "network-" before it, so that it takes no address from another.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = "".join(c if c.isalnum() else " " for c in plain).split()
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
    examination = examine_network_document(read_document(raw))
    return examination.file()


def read_document(raw: bytes) -> dict[str, Any]:
    """The JSON object of a network file, as yet unexamined.

    Raises:
        InvalidNetwork: no JSON object, or none of this format.
    """
    document = read_object(raw, _ITEM, InvalidNetwork, MAX_NETWORK_BYTES, _CURE, max_parts=MAX_PARTS)
    if document.get("format") != NETWORK_FORMAT:
        given = repr(document["format"])[:60] if "format" in document else "no format"
        raise InvalidNetwork(_ITEM, f"has {given}, not the format {NETWORK_FORMAT!r}", _CURE)
    return document


@dataclass(frozen=True)
class FileProblem:
    """One thing that is wrong with a network file.

    Args:
        path: where: keys and positions from the top of the document.
        error: what is wrong and what to do.
    """

    path: tuple[str | int, ...]
    error: AnalysisError


@dataclass(frozen=True)
class Examination:
    """What a network file holds, as far as it can be read, and everything that is wrong with it.

    Args:
        name: None if there is none or it is wrong.
        network: likewise.
        tasks: likewise.
        attribution: "" if there is none.
        planted: None if there is none or it is wrong.
        problems: in the order of the document's keys; empty if the file is sound.
    """

    name: str | None
    network: Network | None
    tasks: tuple[Task, ...] | None
    attribution: str
    planted: PlantedRecord | None
    problems: tuple[FileProblem, ...]

    def file(self) -> NetworkFile:
        """The sound file.

        Raises:
            AnalysisError: the one problem, or an :class:`InvalidNetwork` that names all of them.
        """
        if self.problems or self.name is None or self.network is None or self.tasks is None:
            raise combined([problem.error for problem in self.problems], _ITEM, InvalidNetwork)
        return NetworkFile(self.name, self.network, self.tasks, self.attribution, self.planted)


def examine_network_document(document: dict[str, Any], *, optional: Collection[str] = ()) -> Examination:
    """Read a network file's content and note every problem that can be seen at once, each with its place.

    Args:
        document: as :func:`read_document` gives it.
        optional: keys that may be left out though files need them: "name", "sizes", "tasks".
    """
    problems: list[FileProblem] = []

    def attempt(path: tuple[str | int, ...], read: Any, *arguments: Any, **options: Any) -> Any:
        """Note a problem and go on, so that all of them are named."""
        try:
            return read(*arguments, **options)
        except _Located as several:
            problems.extend(several.problems)
        except AnalysisError as problem:
            problems.append(FileProblem(path or _path_of(problem.item), problem))
        return None

    required = tuple(key for key in _REQUIRED if key not in optional)
    wrong_keys = check_keys(document, required, (*_OPTIONAL, *optional), _ITEM, InvalidNetwork)
    problems += [FileProblem((), error) for error in wrong_keys]
    name = attempt(("name",), checked_name, document["name"]) if "name" in document else None
    given = document.get("attribution", "")
    attribution = attempt(
        ("attribution",), plain_text, given, "attribution", InvalidNetwork, empty=True, limit=MAX_ATTRIBUTION
    )
    sizes = attempt(("sizes",), _sizes, document["sizes"]) if "sizes" in document else None
    weights = attempt(("weights",), _arrays, document["weights"], "weights", 2) if "weights" in document else None
    biases = attempt(("biases",), _arrays, document["biases"], "biases", 1) if "biases" in document else None
    for field in ("activation", "output_activation"):
        if document.get(field) is not None and document[field] not in ACTIVATIONS:
            shown, known = repr(document[field])[:60], ", ".join(ACTIVATIONS)
            error = InvalidNetwork(f"{field} {shown}", "is not a known activation", f"use one of {known}")
            problems.append(FileProblem((field,), error))
    network = None
    if not problems:
        network = attempt(
            (),
            Network.from_arrays,
            weights,
            biases,
            activation=document["activation"],
            output_activation=document.get("output_activation"),
            negative_slope=document.get("negative_slope"),
        )
    if network is not None and sizes is not None and network.sizes != sizes:
        found, stated = "-".join(map(str, network.sizes)), "-".join(map(str, sizes))
        cause = f"say {stated} but the weights are those of a {found} network"
        problems.append(FileProblem(("sizes",), InvalidNetwork("sizes", cause, "let sizes and weights agree")))
    if network is not None and activation_bound(network) > MAX_ACTIVATION:
        cause = "are so large that activations may exceed float64"
        error = InvalidNetwork("weights and biases", cause, "scale them down")
        problems.append(FileProblem(("weights",), error))
    shape = sizes if sizes is not None else None if network is None else network.sizes
    tasks = None
    if "tasks" in document and shape is not None and shape[0] <= MAX_INPUTS:
        tasks = attempt(("tasks",), _tasks, document["tasks"], shape)
    planted = None
    if document.get("planted") is not None and network is not None and shape is not None and shape[0] <= MAX_INPUTS:
        planted = attempt(("planted",), read_planted, document["planted"], network.sizes)
    if planted is not None and tasks is not None and planted.task.truth_table != tasks[0].truth_table:
        other = InvalidPlanting("planted algorithm", "computes another task", "let algorithm and task agree")
        problems.append(FileProblem(("planted",), other))
    return Examination(name, network, tasks, attribution or "", planted, tuple(problems))


class _Located(Exception):
    """Several problems, each with its place."""

    def __init__(self, problems: list[FileProblem]) -> None:
        super().__init__(problems)
        self.problems = problems


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
    return document | ({} if file.planted is None else {"planted": planted_json(file.planted)})


def task_json(task: Task) -> dict[str, Any]:
    """A task as it stands in network and result files."""
    return {"name": task.name, "truth_table": list(task.truth_table)}


def checked_name(value: Any) -> str:
    """A network's name: one line, 1 to 200 characters, and no path of a file.

    Raises:
        InvalidNetwork: another type, empty, too long, unreadable characters, or a path.
    """
    text = plain_text(value, "name", InvalidNetwork)
    if _PATH_LIKE.search(text):
        raise InvalidNetwork(
            "name", f"{text[:60]!r} reads as the path of a file", "give a name without slashes at its edges"
        )
    return text


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
        cause = f"has {value[0]} inputs; every Boolean input is looked at, so {MAX_INPUTS} is the most"
        raise InvalidNetwork("sizes", cause, f"use a network with 1 to {MAX_INPUTS} inputs")
    return tuple(value)


def _arrays(value: Any, field: str, n_axes: int) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise InvalidNetwork(field, "is not a list with one entry for each layer", "give one entry for each layer")
    if len(value) > MAX_LAYERS:
        raise InvalidNetwork(field, f"has {len(value)} layers", f"use at most {MAX_LAYERS}")
    arrays, problems = [], []
    for layer, entry in enumerate(value):
        try:
            arrays.append(number_array(entry, f"{field}[{layer}]", n_axes, InvalidNetwork))
        except InvalidNetwork as problem:
            problems.append(FileProblem(_path_of(problem.item), problem))
    if problems:
        raise _Located(problems)
    return arrays


def _path_of(item: str) -> tuple[str | int, ...]:
    """``weights[0][1]`` as a path; the whole document's where an item names no place in it."""
    field, *positions = item.partition(" ")[0].replace("]", "").split("[")
    return (field, *map(int, positions)) if field in (*_REQUIRED, *_OPTIONAL) else ()


def _tasks(value: Any, sizes: tuple[int, ...]) -> tuple[Task, ...]:
    n_inputs, n_outputs = sizes[0], sizes[-1]
    cure = f"give one task for each of the {n_outputs} outputs: {{name, truth_table}}"
    if not isinstance(value, list) or not all(isinstance(task, dict) for task in value):
        raise InvalidNetwork("tasks", "are not a list of objects", cure)
    problems: list[FileProblem] = []
    if len(value) != n_outputs:
        wrong_number = InvalidNetwork("tasks", f"are {len(value)} for {n_outputs} outputs", cure)
        problems.append(FileProblem(("tasks",), wrong_number))
    tasks = []
    for position, task in enumerate(value[:n_outputs]):
        item, path = f"tasks[{position}]", ("tasks", position)
        wrong_keys = check_keys(task, ("truth_table",), ("name",), item, InvalidNetwork)
        if wrong_keys:
            problems += [FileProblem(path, error) for error in wrong_keys]
            continue
        field = "truth_table"
        try:
            if not isinstance(task["truth_table"], list):
                raise InvalidNetwork(item, "has a truth_table that is no list", f"list {2**n_inputs} values of 0 or 1")
            field = "name"
            name = plain_text(task.get("name", ""), f"{item} name", InvalidNetwork, empty=True)
            field = "truth_table"
            tasks.append(task_from_table(task["truth_table"], n_inputs, name))
        except AnalysisError as problem:
            problems.append(FileProblem((*path, field), problem))
    if problems:
        raise _Located(problems)
    return tuple(tasks)
