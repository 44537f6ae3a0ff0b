"""Where one answer stands among all valid circuits, as pages show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from analysis.discovery.location import UNDER
from analysis.discovery.part_names import names_in
from analysis.networks.circuit import Circuit, EdgeLayout
from app.addressing import Addresses
from app.options import BigInt, PageModel
from app.pages.place import Place, Subject
from app.pages.shared import NetworkView
from pluriscope.naming import ExplanationRef


class RankView(PageModel):
    """Valid circuits by their number of edges, compared with the answer's."""

    smaller: BigInt
    equal: BigInt = Field(description="With as many edges, the answer itself among them if it is valid.")
    larger: BigInt
    exact: bool


class NearestView(PageModel):
    """The valid circuit with fewest edges to add or remove."""

    mask: str
    url: str
    distance: int
    exact: bool = Field(description="Whether no valid circuit can be nearer; else the distance is an upper bound.")


def edges_drawn(network: NetworkView, mask: str) -> Circuit:
    """The edges of a mask for a drawing, whether they are a possible circuit or not.

    Args:
        network: that it belongs to.
        mask: of one output, in hex; "" for no edge.
    """
    return Circuit(EdgeLayout((*network.sizes[:-1], 1)), int(mask or "0", 16))


class RoleKept(PageModel):
    """The nodes that have a role in the whole model, and which of them have it in a circuit too."""

    label: str
    model: list[str]
    kept: list[str]


class LocatedView(PageModel):
    """Where an answer stands; the edges of a model are nodes where masks name nodes."""

    raw_mask: str = Field(description="As it was answered or claimed.")
    mask: str = Field(description="What is left once edges that lead nowhere or come from nowhere are dropped.")
    dropped: list[str] = Field([], description="Those edges, by name; empty of models.")
    url: str = Field(description="The page of that circuit; empty if it is not a possible one.")
    ref: str = Field(description="How a comparison's address names it; empty likewise.")
    edges: int
    severed: list[str] = Field(description="Hidden neurons whose bias alone spoke in the raw mask.")
    raw_valid: bool = Field(description="Whether the raw mask decides right as the protocol asks of circuits.")
    own_valid: bool | None = Field(description="Whether it does on every row of its own ablation; null if unknown.")
    possible: bool
    valid: bool
    excess: int | None = Field(description="Edges more than the smallest valid circuit has; null if not valid.")
    chance_valid: BigInt | None = Field(description="Valid circuits of its size; null where that is not known exactly.")
    chance_possible: BigInt = Field(description="Possible circuits of its size.")
    rank: RankView
    nearest: NearestView | None
    recall: tuple[int, int] | None = Field(description="Edges of the backbone that it holds, and all of them.")
    extra: int | None = Field(description="Its edges outside the backbone.")
    passed: list[str] | None = Field(description="Criteria that it passes; null if it was not judged.")
    failed: list[str] | None = Field(description="Criteria that it fails; null if it was not judged.")
    relation: str | None = Field(description="Of its story to the whole network's; null if that is not known.")
    under: dict[str, bool | None] = Field(
        {},
        description="By ablation whether it is valid with absent edges carrying that; null where it was not found, "
        "empty where it is not valid and was located before this was asked.",
    )
    roles: list[RoleKept] = Field([], description="Of a model, roles that some node has in the whole of it.")
    adds: list[str] = Field([], description="What the nearest valid circuit keeps and this one does not.")
    drops: list[str] = Field([], description="What this one keeps and the nearest valid circuit does not.")

    @property
    def shown(self) -> str:
        """The mask to draw: what is left of the raw mask if that is a possible circuit, else the raw mask itself."""
        return self.mask if self.possible else self.raw_mask


def located_view(raw_mask: str, place_json: Mapping[str, Any], place: Place, addresses: Addresses) -> LocatedView:
    """An answer's place, from what an audit file says of it."""
    names = list(names_in(place.question.layout).numbers)
    raw, left = int(raw_mask, 16), int(place_json["mask"], 16)
    return LocatedView(
        **located_fields(raw_mask, place_json, place, addresses, names),
        ref=str(ExplanationRef("circuit", place_json["mask"])) if place_json["possible"] else "",
        dropped=_named(raw & ~left, names),
    )


def _named(mask: int, names: Sequence[str]) -> list[str]:
    return [name for bit, name in enumerate(names) if mask >> bit & 1]


def _under_by_criteria(criteria: Mapping[str, bool | None] | None) -> dict[str, bool | None]:
    """What criteria say of a place that was stored before it said so itself."""
    return {name: criteria[f"{name}-ablation"] for name in UNDER} if criteria else {}


def located_fields(
    raw_mask: str, told: Mapping[str, Any], subject: Subject, addresses: Addresses, names: Sequence[str]
) -> dict[str, Any]:
    """The fields of :class:`LocatedView` that networks and models of other kinds share, but for its ``ref``.

    Args:
        raw_mask: as it was answered.
        told: what an audit file says of its place.
        subject: what it is an answer about.
        addresses: builds links.
        names: of what a mask's bits stand for.
    """

    def url(mask: str) -> str:
        return addresses.circuit(subject.slug, mask, subject.scope)

    nearest = told["nearest"]
    near = None
    if nearest is not None and nearest["mask"] is not None:
        near = NearestView(
            mask=nearest["mask"],
            url=url(nearest["mask"]),
            distance=nearest.get("distance", nearest.get("at_most")),
            exact="undecided" not in nearest,
        )
    here = int(told["mask"], 16)
    there = here if near is None else int(near.mask, 16)
    criteria = told["criteria"] or None
    backbone = told["backbone"]
    possible = told["possible"]
    return {
        "raw_mask": raw_mask,
        "mask": told["mask"],
        "url": url(told["mask"]) if possible else "",
        "edges": told["edges"],
        "severed": [f"n{layer}.{neuron}" for layer, neuron in told["severed"]],
        "raw_valid": told["raw_valid"],
        "own_valid": told["own_valid"],
        "possible": possible,
        "valid": told["valid"],
        "under": told["under"] if "under" in told else _under_by_criteria(criteria),
        "adds": _named(there & ~here, names),
        "drops": _named(here & ~there, names),
        "excess": told["excess"],
        "chance_valid": None if told["chance"]["valid"] is None else int(told["chance"]["valid"]),
        "chance_possible": int(told["chance"]["possible"]),
        "rank": RankView(
            **{name: int(told["rank"][name]) for name in ("smaller", "equal", "larger")},
            exact="exact" not in told["rank"],
        ),
        "nearest": near,
        "recall": None if backbone is None else tuple(backbone["recall"]),
        "extra": None if backbone is None else backbone["extra"],
        "passed": None if criteria is None else [key for key, passed in criteria.items() if passed],
        "failed": None if criteria is None else [key for key, passed in criteria.items() if passed is False],
        "relation": None if told["story"] is None else told["story"]["relation"],
    }
