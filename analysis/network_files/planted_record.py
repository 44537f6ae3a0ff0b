"""What a network file says of an algorithm that was planted in its network: no part of the network's identity.

    {"algorithm": "!(!(!A&!B)&…)", "form": "and_inverter", "circuit": "7 hex digits",
     "alignment": {"0": [1, [0]], "1": [1, [1]]},
     "made": [{"step": "compile", "activation": "relu"}, {"step": "noise", "amount": 0.05, "seed": 3}]}

The record tells how the network was made. It proves nothing: what the planted circuit and alignment pass is found out
from the weights, wherever it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from analysis.algorithms.high_level_model import Form, HighLevelModel
from analysis.algorithms.parsing import parse_algorithm
from analysis.alignments.alignment import Alignment
from analysis.errors import AnalysisError, InvalidAlgorithm, InvalidPlanting
from analysis.interventions.neuron_set import NeuronSet
from analysis.networks.circuit import EdgeLayout
from analysis.strict_json import check_keys, combined

MAX_STEPS: Final = 32
MAX_SETTINGS: Final = 16
MAX_VALUE: Final = 200  # characters of a setting's value
_ITEM: Final = "planted"
_KEYS: Final = ("algorithm", "form", "circuit", "alignment", "made")
_STEP: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)

Setting = str | int | float | bool


@dataclass(frozen=True)
class Made:
    """One step in making a network.

    Args:
        step: "compile", "permute", "noise" and the like.
        settings: with which it can be done again.
    """

    step: str
    settings: tuple[tuple[str, Setting], ...] = ()

    @property
    def text(self) -> str:
        """For people: ``noise (amount .05, seed 3)``."""
        told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in self.settings)
        return f"{self.step} ({told})" if told else self.step


@dataclass(frozen=True)
class PlantedRecord:
    """What was planted in a network with one output.

    Args:
        algorithm: the algorithm.
        alignment: on which neurons its variables were put.
        circuit: mask of the planted circuit in hex.
        made: how the network was made, in order.
    """

    algorithm: HighLevelModel
    alignment: Alignment
    circuit: str
    made: tuple[Made, ...]

    @property
    def mask(self) -> int:
        return int(self.circuit, 16)


def planted_json(record: PlantedRecord) -> dict[str, Any]:
    """A record as JSON values."""
    return {
        "algorithm": record.algorithm.text,
        "form": record.algorithm.form,
        "circuit": record.circuit,
        "alignment": {path: [site.layer, list(site.neurons)] for path, site in record.alignment.places},
        "made": [{"step": made.step, **dict(made.settings)} for made in record.made],
    }


def read_planted(value: Any, sizes: tuple[int, ...]) -> PlantedRecord:
    """A record from JSON values.

    Args:
        value: as :func:`planted_json` gives it.
        sizes: layer sizes of the network that it is about.

    Raises:
        InvalidPlanting: another shape, a text that no algorithm has, a circuit or neurons that the network does not
            have, or several outputs.
    """
    if not isinstance(value, dict):
        raise InvalidPlanting(_ITEM, "is no object", f"give {', '.join(_KEYS)}")
    wrong = check_keys(value, _KEYS, (), _ITEM, InvalidPlanting)
    if wrong:
        raise combined(wrong, _ITEM, InvalidPlanting)
    if sizes[-1] != 1:
        raise _wrong("", f"is about a network of {sizes[-1]} outputs", "plant in a network with one output")
    algorithm = _algorithm(value, sizes[0])
    places = _places(value["alignment"], sizes, algorithm)
    mask = value["circuit"]
    layout = EdgeLayout(sizes)
    good = isinstance(mask, str) and re.fullmatch(f"[0-9a-f]{{{layout.n_hex_digits}}}", mask) is not None
    if not good or int(mask, 16) >> layout.n_edges:
        cause = f"is no mask of the network's {layout.n_edges} edges"
        raise _wrong("circuit", cause, f"give {layout.n_hex_digits} lower-case hex digits")
    return PlantedRecord(algorithm, Alignment.of(algorithm.text, places), mask, _steps(value["made"]))


def _wrong(field: str, cause: str, cure: str) -> AnalysisError:
    return InvalidPlanting(f"{_ITEM} {field}".strip(), cause, cure)


def _algorithm(value: Mapping[str, Any], n_inputs: int) -> HighLevelModel:
    if value["form"] not in get_args(Form) or not isinstance(value["algorithm"], str):
        raise _wrong("algorithm", "is no text of a known form", f"give a text, and as form {' or '.join(get_args(Form))}")
    try:
        return parse_algorithm(value["algorithm"], value["form"], n_inputs)
    except InvalidAlgorithm as problem:
        raise InvalidPlanting(f"{_ITEM} {problem.item}", problem.cause, problem.cure) from None


def _places(value: Any, sizes: tuple[int, ...], algorithm: HighLevelModel) -> dict[str, NeuronSet]:
    cure = "give for each variable [layer, [neurons]], as in [1, [0]]"
    if not isinstance(value, dict) or set(value) != set(algorithm.carriers):
        paths = ", ".join(algorithm.carriers) or "none"
        raise _wrong("alignment", f"does not place exactly the variables {paths}", cure)
    places: dict[str, NeuronSet] = {}
    for path, place in value.items():
        shaped = isinstance(place, list) and len(place) == 2 and isinstance(place[1], list) and place[1]
        if not shaped or not all(type(number) is int for number in (place[0], *place[1])):
            raise _wrong(f"alignment {path}", "is no place", cure)
        layer, neurons = place[0], tuple(place[1])
        there = 1 <= layer <= len(sizes) - 2 and all(0 <= neuron < sizes[layer] for neuron in neurons)
        if not there or list(neurons) != sorted(set(neurons)):
            raise _wrong(f"alignment {path}", "names neurons that the network does not have, or not ascending", cure)
        places[path] = NeuronSet(layer, neurons)
    return places


def _steps(value: Any) -> tuple[Made, ...]:
    cure = 'give a list such as [{"step": "compile", "activation": "relu"}]'
    if not isinstance(value, list) or len(value) > MAX_STEPS or not all(isinstance(one, dict) for one in value):
        raise _wrong("made", f"is no list of at most {MAX_STEPS} objects", cure)
    found = []
    for number, one in enumerate(value):
        item = f"made[{number}]"
        step = one.get("step")
        if not isinstance(step, str) or not _STEP.fullmatch(step) or len(one) > MAX_SETTINGS:
            raise _wrong(item, "has no step, or too many settings", cure)
        settings = tuple((name, setting) for name, setting in one.items() if name != "step")
        if not all(_STEP.fullmatch(name) and _is_plain(setting) for name, setting in settings):
            raise _wrong(item, "has a setting that is no short text and no finite number", cure)
        found.append(Made(step, settings))
    return tuple(found)


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= MAX_VALUE and value.isprintable()
    return isinstance(value, (bool, int, float)) and abs(value) < 1e300
