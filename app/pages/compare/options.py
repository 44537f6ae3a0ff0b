"""What may be said in a comparison's address, and how one intervention is written there."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from analysis.experiments import InterventionSpace, NeuronSite
from app.errors import BadQuery
from app.options import ScopeOptions

FIRST_SHOWN: Final = 10
MOST_SHOWN: Final = 200
EXPERIMENT_SHAPE: Final = "LAYER.NEURON+LAYER.NEURON:SOURCE:BASE, for instance 1.0+2.1:01:00"

NetworkName = Annotated[str, StringConstraints(max_length=100)]
RefText = Annotated[str, StringConstraints(max_length=1200)]


class ChosenOptions(ScopeOptions):
    """Which explanations of which network."""

    network: list[NetworkName] = Field(
        [], max_length=12, description="The network that all explanations are of, by slug or digest prefix."
    )
    e: list[RefText] = Field(
        [],
        max_length=64,
        description="An explanation: c-MASK, i-MASK.INDEX, g-ALGORITHM, a-ALGORITHM.ALIGNMENT (or its placement in "
        "place of the id, a-ALGORITHM.0:1.0+2_1:2.1), d-ALGORITHM.DIRECTIONS (an id, or a text with : for @), l-LENS "
        "(such as l-labels or l-patching-table), with "
        "@PROTOCOL behind it where that differs. Two to six, in the order in which they are shown.",
    )


class CompareOptions(ChosenOptions):
    """Options of a comparison."""

    pin: RefText = Field("", description="One of the explanations: it stands first.")
    swap: RefText = Field("", description="One of the explanations: it is to be exchanged, so the choice is shown.")
    find: str = Field("", max_length=100, description="Without a network: part of the name of one to choose.")
    between: Annotated[str, StringConstraints(pattern="^([P-U][P-U])?$")] = Field(
        "", description="Two letters of the page, such as PR: crucial experiments between these two alone."
    )
    groups: Annotated[str, StringConstraints(pattern="^(once)?$")] = Field(
        "", description="Of earlier addresses; every explanation is shown."
    )
    experiment: Annotated[str, StringConstraints(max_length=1000)] = Field(
        "", description=f"One intervention to show by itself: {EXPERIMENT_SHAPE}."
    )
    after: str = Field("", max_length=200, description="Cursor of the crucial experiments, from `next`.")
    swaps_after: str = Field("", max_length=200, description="Of earlier addresses; own swaps have one page.")
    limit: int = Field(FIRST_SHOWN, ge=1, le=MOST_SHOWN, description="Crucial experiments on a page, of each list.")


def write_experiment(sites: tuple[NeuronSite, ...], source: int, base: int, n_inputs: int) -> str:
    """An intervention as addresses write it; see :data:`EXPERIMENT_SHAPE`."""
    members = "+".join(f"{layer}.{neuron}" for layer, neuron in sites)
    return f"{members}:{source:0{n_inputs}b}:{base:0{n_inputs}b}"


def read_experiment(text: str, space: InterventionSpace) -> tuple[int, int, int]:
    """Index of the set, source and base of an intervention in an address.

    Raises:
        BadQuery: another shape, neurons that the network has not, or a set that is not among those listed.
    """
    item = f"experiment {text[:60]!r}"
    bits = f"[01]{{{space.n_inputs}}}"
    shape = re.fullmatch(rf"(\d{{1,4}}\.\d{{1,6}}(?:[+ ]\d{{1,4}}\.\d{{1,6}})*):({bits}):({bits})", text, re.ASCII)
    if shape is None:
        raise BadQuery(item, "is no intervention on this network", f"write it as {EXPERIMENT_SHAPE}", "experiment")
    sites = frozenset(
        (int(layer), int(neuron)) for layer, neuron in (part.split(".") for part in re.split("[+ ]", shape[1]))
    )
    index = space.position.get(sites)
    if index is None:
        known = [site for site in sites if site not in space.holds]
        cause = (
            f"names neuron {known[0][0]}.{known[0][1]}, which is no hidden neuron of this network"
            if known
            else f"patches {len(sites)} neurons; sets of up to {space.largest} are listed"
        )
        raise BadQuery(item, cause, f"write it as {EXPERIMENT_SHAPE}", "experiment")
    if shape[2] == shape[3]:
        raise BadQuery(item, "has the same source and base, which changes nothing", "name two inputs", "experiment")
    return index, int(shape[2], 2), int(shape[3], 2)
