"""Weights and biases set by hand.

    [{"layer": 1, "neuron": 0, "source": 1, "value": 0.5}, {"layer": 3, "neuron": 0, "value": -1}]

Each sets the weight from neuron ``source`` of the layer before, inputs being layer 0; without ``source`` the bias.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from pluriscope.analysis.edits.edit import Change, Edit, Named, Way
from pluriscope.analysis.errors import InvalidEdit
from pluriscope.analysis.methods.settings import Setting, Settings
from pluriscope.analysis.values.strict_json import read_value, validated
from pluriscope_edits.rules.perceptrons import EditedPerceptron

MAX_CHANGES: Final = 4_096
MAX_BYTES: Final = 1_000_000
"""Of a list of changes."""
_CURE: Final = 'give a list such as [{"layer": 1, "neuron": 0, "source": 1, "value": 0.5}], without source for a bias'
FILE: Final = Setting("file", "", "a JSON list of changes", reads=str.strip, example="changes.json")

_Index = Annotated[int, Field(ge=0)]


class _Change(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    layer: Annotated[int, Field(ge=1)]
    neuron: _Index
    source: _Index | None = None
    value: Annotated[float, Field(gt=-1e300, lt=1e300)]


class _Changes(BaseModel):
    changes: Annotated[list[_Change], Field(min_length=1, max_length=MAX_CHANGES)]


def read_changes(value: Any, sizes: Sequence[int]) -> list[dict[str, Any]]:
    """Changes by hand, checked.

    Args:
        value: a list, as JSON values.
        sizes: layer sizes of the network.

    Raises:
        InvalidEdit: no such list, a weight or bias that does not exist, or one that is set twice.
    """
    changes = validated(_Changes, {"changes": value}, "edit manual", InvalidEdit, _CURE).changes
    seen = set()
    for number, one in enumerate(changes):
        item, place = f"edit manual changes[{number}]", (one.layer, one.neuron, one.source)
        if one.layer >= len(sizes):
            raise InvalidEdit(item, f"names layer {one.layer}", f"use 1 to {len(sizes) - 1}")
        here, below = sizes[one.layer], sizes[one.layer - 1]
        for what, index, width in (("neuron", one.neuron, here), ("source", one.source or 0, below)):
            if index >= width:
                raise InvalidEdit(item, f"names {what} {index}", f"use 0 to {width - 1}")
        if place in seen:
            raise InvalidEdit(item, "sets what is set before", "set each weight and bias once")
        seen.add(place)
    return [one.model_dump(exclude_none=True) for one in changes]


def _apply(one: EditedPerceptron, settings: Settings, named: Named) -> Change:
    if not settings["file"]:
        raise InvalidEdit("edit manual", "has no file", "say as file which list of changes to make")
    value = read_value(named.content(str(settings["file"])), "changes", InvalidEdit, MAX_BYTES, _CURE)
    changes = read_changes(value, one.subject.sizes)
    parameters = {name: array.copy() for name, array in one.subject.parameters.items()}
    for each in changes:
        if "source" in each:
            parameters[f"W{each['layer']}"][each["neuron"], each["source"]] = each["value"]
        else:
            parameters[f"b{each['layer']}"][each["neuron"]] = each["value"]
    return Change(parameters, settings={"file": changes})


def _plain(settings: dict[str, Any], sizes: Sequence[int]) -> dict[str, Any]:
    read_changes(settings.pop("file", None), sizes)
    return settings


MANUAL: Final = Edit(
    key="manual",
    label="By hand",
    says="Sets weights and biases to values of your own.",
    source="Own definition.",
    ways={"perceptron": Way((FILE,), _apply)},
    needs="edge-weights",
    plain=_plain,
)
