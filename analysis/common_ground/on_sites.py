"""What the placed algorithms of a network with sites share, what its circuits are all read as, and what parts them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from pydantic import Field

from pluriscope.analysis.methods.report import Part
from pluriscope.analysis.placements.report import Apart, PlacedModel, PlacementsReport
from pluriscope.analysis.readings.report import InterpretationsReport


class SharedSite(Part):
    """A vector that placements use."""

    site: str = Field(description="The vector, with its position.")
    coordinates: list[str] = Field(description="Coordinates of it that all these use; none where some use all.")
    algorithms: int = Field(description="Placed algorithms with a listed placement there.")
    placements: int = Field(description="Listed valid placements there.")


class SharedVariable(Part):
    """Variables of placed algorithms that split the rows alike."""

    names: list[str]
    n_values: int = Field(description="Values on the rows.")
    algorithms: int = Field(description="Placed algorithms that have one of them.")
    sites: list[str] = Field(description="The minimal sets that listed placements have them on.")


class SharedReading(Part):
    """A node of circuits, and what all of them read it as."""

    place: str
    circuits: int = Field(description="Circuits that were read in which it can be asked.")
    unread: int = Field(description="Of these, in which it can be read as no variable.")
    variables: list[str] = Field(description="Those that it can be read as in all of them, one text for each class.")


class SharedGround(Part):
    """What the placed algorithms of a network with sites share, and what parts them."""

    algorithms: list[str] = Field(description="Ids of those that are placed; of those that are one the first.")
    texts: list[str] = Field(description="And their texts.")
    sites: list[SharedSite]
    variables: list[SharedVariable]
    apart: list[Apart] = Field(description="For every two of them, of many the first ones, what parts them most.")
    circuits: int = Field(description="Circuits that were read.")
    readings: list[SharedReading]
    readings_asked: bool = Field(description="Whether anybody asked how circuits are read.")


def shared_ground(placed: PlacementsReport, readings: InterpretationsReport | None) -> SharedGround:
    """Sum up where algorithms are placed and how circuits are read; readings are None where nobody asked."""
    return SharedGround(
        algorithms=[one.id for one in placed.placed],
        texts=[one.text for one in placed.placed],
        sites=_sites(placed.placed),
        variables=_variables(placed.placed),
        apart=placed.apart,
        circuits=0 if readings is None else len(readings.circuits),
        readings=[] if readings is None else list(_readings(readings)),
        readings_asked=readings is not None,
    )


def _vectors(sites: str) -> dict[str, set[str] | None]:
    """The vectors that sites are of, each with its coordinates; None for the whole vector or a subspace of it."""
    found = dict[str, set[str] | None]()
    for site in sites.split():
        vector, _, rest = site.partition("[")
        known = set(rest.removesuffix("]").split(",")) if rest.endswith("]") else None
        found[vector.partition("=")[0]] = known
    return found


def _sites(placed: list[PlacedModel]) -> list[SharedSite]:
    """The vectors that placements use, those of the most algorithms first."""
    models, placements = defaultdict[str, set[str]](set), Counter[str]()
    common = dict[str, set[str]]()
    for model in placed:
        for one in model.valid:
            used = _vectors(" ".join(each.sites for each in one.places))
            placements.update([*used])
            for vector, coordinates in used.items():
                models[vector].add(model.id)
                own = coordinates or set()
                common[vector] = common.get(vector, own) & own
    order = sorted(models, key=lambda one: (-len(models[one]), -placements[one], one))
    return [
        SharedSite(
            site=one, coordinates=sorted(common[one], key=int), algorithms=len(models[one]), placements=placements[one]
        )
        for one in order
    ]


def _variables(placed: list[PlacedModel]) -> list[SharedVariable]:
    """The variables of placed algorithms by how they split the rows, those of the most algorithms first."""
    models, names = defaultdict[str, set[str]](set), defaultdict[str, dict[str, None]](dict)
    sites, values = defaultdict[str, dict[str, None]](dict), dict[str, int]()
    for model in placed:
        split = {one.name: one.split for one in model.variables if one.split}
        for one in model.variables:
            if one.split:
                models[one.split].add(model.id)
                names[one.split][one.name] = None
                values[one.split] = one.n_values
        for placement in model.valid:
            for each in placement.places:
                if each.minimal and each.variable in split:
                    sites[split[each.variable]][each.sites] = None
    order = sorted(models, key=lambda one: -len(models[one]))
    return [
        SharedVariable(names=[*names[one]], n_values=values[one], algorithms=len(models[one]), sites=[*sites[one]])
        for one in order
    ]


def _readings(found: InterpretationsReport) -> Iterator[SharedReading]:
    """Each node with the circuits in which it can be asked, and what all of these read it as."""
    read = defaultdict[str, list[set[int]]](list)
    for circuit in found.circuits:
        for place in circuit.places:
            if place.asked:
                read[place.place].append(set(place.classes))
    for name, each in read.items():
        common = sorted(set.intersection(*each))
        yield SharedReading(
            place=name,
            circuits=len(each),
            unread=sum(not one for one in each),
            variables=[" = ".join(found.classes[one].names) for one in common],
        )
