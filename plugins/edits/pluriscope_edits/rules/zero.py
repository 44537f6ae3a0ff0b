"""Parameters set to 0."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pluriscope.analysis.edits.edit import Change, Edit, Editable, Named, Way
from pluriscope.analysis.errors import InvalidEdit
from pluriscope.analysis.methods.settings import Settings
from pluriscope_edits.rules.where import WHERE, changed_in

_WHERE: Final = replace(WHERE, default="", meaning="what becomes 0: names with commas between, or all")


def _apply(one: Editable, settings: Settings, _named: Named) -> Change:
    if not settings["where"]:
        raise InvalidEdit("edit zero", "has nothing to set to 0", "say where: names of weights and biases, or all")
    parameters, parts = changed_in(one.subject.parameters, str(settings["where"]), biases=True)
    for array in parts:
        array[...] = 0.0
    count = sum(array.size for array in parts)
    return Change(parameters, remarks=(f"{count:,} weights and biases were set to 0.",))


ZERO: Final = Edit(
    key="zero",
    label="Zeroing",
    says="Sets all weights and biases of a part to 0: of a layer, a head, an MLP block, a matrix or a row of one.",
    source="Own definition; in a whole head it is zero ablation made permanent.",
    ways={"": Way((_WHERE,), _apply)},
)
