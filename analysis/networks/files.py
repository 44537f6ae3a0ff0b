"""Network files: `pluriscope-network/1`, the form in which networks come and go (spec §9).

    {"format": "pluriscope-network/1", "name": "my XOR", "sizes": [2, 3, 3, 1],
     "weights": [[[…]], …], "biases": [[…], …],
     "activation": "leaky_relu", "negative_slope": 0.01, "output_activation": "leaky_relu",
     "tasks": [{"name": "XOR", "truth_table": [0, 1, 1, 0]}]}

``negative_slope``, ``output_activation`` (default: the hidden one) and ``attribution`` may be left out, and so may a
task's name. Every other key is refused: a typing error would otherwise silently change what the network computes.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Any, Final

from analysis.digest import looks_like_digest
from analysis.errors import AnalysisError, InvalidNetwork
from analysis.networks.mlp import MAX_ACTIVATION, activation_bound
from analysis.networks.network import ACTIVATIONS, MAX_INPUTS, Network
from analysis.strict_json import check_keys, combined, number_array, plain_text, read_object
from analysis.tasks import Task, task_from_table

NETWORK_FORMAT: Final = "pluriscope-network/1"
MAX_NETWORK_BYTES: Final = 4_000_000
MAX_LAYERS: Final = 32
MAX_WIDTH: Final = 4096
MAX_ATTRIBUTION: Final = 2_000
SLUG_LENGTH: Final = 60

_ITEM: Final = "network file"
_CURE: Final = f"give one JSON object with the format {NETWORK_FORMAT!r}"
_REQUIRED: Final = ("format", "name", "sizes", "weights", "biases", "activation", "tasks")
_OPTIONAL: Final = ("negative_slope", "output_activation", "attribution")


@dataclass(frozen=True)
class NetworkFile:
    """A network with what people call it.

    Args:
        name: one line, 1 to 200 characters.
        network: all outputs.
        tasks: what each output should compute, one per output.
        attribution: whose work it is and under which licence, or "".
    """

    name: str
    network: Network
    tasks: tuple[Task, ...]
    attribution: str = ""

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
    document = read_object(raw, _ITEM, InvalidNetwork, MAX_NETWORK_BYTES, _CURE)
    if document.get("format") != NETWORK_FORMAT:
        given = repr(document["format"])[:60] if "format" in document else "no format"
        raise InvalidNetwork(_ITEM, f"has {given}, not the format {NETWORK_FORMAT!r}", _CURE)
    problems = check_keys(document, _REQUIRED, _OPTIONAL, _ITEM, InvalidNetwork)

    def attempt(read: Any, *arguments: Any, **options: Any) -> Any:
        """Note a problem and go on, so that all of them are named."""
        try:
            return read(*arguments, **options)
        except AnalysisError as problem:
            problems.append(problem)
            return None

    name = attempt(plain_text, document["name"], "name", InvalidNetwork) if "name" in document else None
    attribution = attempt(
        plain_text, document.get("attribution", ""), "attribution", InvalidNetwork, empty=True, limit=MAX_ATTRIBUTION
    )
    sizes = attempt(_sizes, document["sizes"]) if "sizes" in document else None
    weights = attempt(_arrays, document["weights"], "weights", 2) if "weights" in document else None
    biases = attempt(_arrays, document["biases"], "biases", 1) if "biases" in document else None
    network = None
    for field in ("activation", "output_activation"):
        if field in document and document[field] not in ACTIVATIONS:
            shown, known = repr(document[field])[:60], ", ".join(ACTIVATIONS)
            problems.append(InvalidNetwork(f"{field} {shown}", "is not a known activation", f"use one of {known}"))
    if not problems:
        network = attempt(
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
        problems.append(InvalidNetwork("sizes", cause, "let sizes and weights agree"))
    if network is not None and activation_bound(network) > MAX_ACTIVATION:
        cause = "are so large that activations may exceed float64"
        problems.append(InvalidNetwork("weights and biases", cause, "scale them down"))
    tasks = attempt(_tasks, document["tasks"], sizes) if "tasks" in document and sizes is not None else None
    if problems or name is None or network is None or tasks is None:
        raise combined(problems, _ITEM, InvalidNetwork)
    return NetworkFile(name, network, tasks, attribution or "")


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
    return document | ({"attribution": file.attribution} if file.attribution else {})


def task_json(task: Task) -> dict[str, Any]:
    """A task as it stands in network and result files."""
    return {"name": task.name, "truth_table": list(task.truth_table)}


def _sizes(value: Any) -> tuple[int, ...]:
    cure = f"give layer sizes such as [2, 3, 3, 1]: 2 to {MAX_LAYERS} whole numbers from 1 to {MAX_WIDTH}"
    whole = isinstance(value, list) and all(isinstance(n, int) and not isinstance(n, bool) for n in value)
    if not whole or not 2 <= len(value) <= MAX_LAYERS or not all(1 <= n <= MAX_WIDTH for n in value):
        raise InvalidNetwork("sizes", "are not layer sizes", cure)
    if value[0] > MAX_INPUTS:
        cause = f"has {value[0]} inputs; every Boolean input is looked at, so {MAX_INPUTS} is the most"
        raise InvalidNetwork("sizes", cause, f"use a network with 1 to {MAX_INPUTS} inputs")
    return tuple(value)


def _arrays(value: Any, field: str, n_axes: int) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise InvalidNetwork(field, "is not a list with one entry for each layer", "give one entry for each layer")
    if len(value) > MAX_LAYERS:
        raise InvalidNetwork(field, f"has {len(value)} layers", f"use at most {MAX_LAYERS}")
    found = [_array_or_problem(v, f"{field}[{i}]", n_axes) for i, v in enumerate(value)]
    problems = [entry for entry in found if isinstance(entry, AnalysisError)]
    if problems:
        raise combined(problems, field, InvalidNetwork)
    return found


def _array_or_problem(value: Any, item: str, n_axes: int) -> Any:
    """The array, or the error that says why it is none."""
    try:
        return number_array(value, item, n_axes, InvalidNetwork)
    except InvalidNetwork as problem:
        return problem


def _tasks(value: Any, sizes: tuple[int, ...]) -> tuple[Task, ...]:
    n_inputs, n_outputs = sizes[0], sizes[-1]
    cure = f"give one task for each of the {n_outputs} outputs: {{name, truth_table}}"
    if not isinstance(value, list) or not all(isinstance(task, dict) for task in value):
        raise InvalidNetwork("tasks", "are not a list of objects", cure)
    problems: list[AnalysisError] = []
    if len(value) != n_outputs:
        problems.append(InvalidNetwork("tasks", f"are {len(value)} for {n_outputs} outputs", cure))
    tasks = []
    for position, task in enumerate(value[:n_outputs]):
        item = f"tasks[{position}]"
        wrong_keys = check_keys(task, ("truth_table",), ("name",), item, InvalidNetwork)
        problems += wrong_keys
        if wrong_keys:
            continue
        try:
            if not isinstance(task["truth_table"], list):
                raise InvalidNetwork(item, "has a truth_table that is no list", f"list {2**n_inputs} values of 0 or 1")
            name = plain_text(task.get("name", ""), f"{item} name", InvalidNetwork, empty=True)
            tasks.append(task_from_table(task["truth_table"], n_inputs, name))
        except AnalysisError as problem:
            problems.append(problem)
    if problems:
        raise combined(problems, "tasks", InvalidNetwork)
    return tuple(tasks)
