"""Sites of a run of any network, any of which may be patched; and pairs of rows, with what is measured on them.

Vig et al., NeurIPS 2020 (arXiv:2004.12265).
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.errors import InvalidIntervention
from pluriscope.analysis.numerics.fixed_order import inner
from pluriscope.analysis.subjects.chances import divergence, log_softmax
from pluriscope.analysis.subjects.subject import Change, Sited, Subject

Array = NDArray[np.float64]
METRICS: Final = ("logit-difference", "probability", "kl")
Metric = Literal["logit-difference", "probability", "kl"]
_NUMBERS: Final = 1 << 21  # that a run keeps at once
_SEED: Final = 0  # of the rows that are drawn
_PARALLEL: Final = 1e-9  # directions of which less is orthogonal


@dataclass(frozen=True)
class Site:
    """A value that a network computes and that can be patched.

    Args:
        name: as the subject's ``run_sites`` has it, or of a transformer or a perceptron an edge, ``SOURCE-READER``.
        at: position from 0; None for all.
        coordinates: ascending; None for all.
    """

    name: str
    at: int | None = None
    coordinates: tuple[int, ...] | None = None

    def __str__(self) -> str:
        position = "" if self.at is None else f"~{self.at + 1}"
        return self.name + position + ("" if self.coordinates is None else f"[{','.join(map(str, self.coordinates))}]")

    @property
    def index(self) -> tuple[slice, slice | list[int]]:
        """Where it is in values ``[rows, positions, coordinates]``, the rows aside."""
        where = slice(None) if self.at is None else slice(self.at, self.at + 1)
        return where, slice(None) if self.coordinates is None else [*self.coordinates]

    def exchanged(self, values: Array, source: Array) -> Array:
        """Values of its name with those of the site from a source, ``[rows, positions, coordinates]`` both."""
        found = values.copy()
        found[:, *self.index] = source[:, *self.index]
        return found


def part_of(site: str) -> str:
    """The part of a circuit that a site's text belongs to: a head, an MLP block, one of their slots, an edge, a unit or
    a channel; "" of a stream.
    """
    name, _, unit = site.partition("~")[0].removesuffix("]").partition("[")
    if unit or (name.startswith("x") and "-" not in name):
        return unit and f"{name}.{unit}"
    return name.removesuffix(".a")


def changed(site: Site, new: Callable[[Array], Array]) -> Change:
    """Change a site by a function of its values ``[rows, positions, coordinates]``."""

    def change(name: str, values: Array) -> Array:
        if name == site.name:
            values = values.copy()
            values[:, *site.index] = new(values[:, *site.index])
        return values

    return change


def put(site: Site, given: Array) -> Change:
    """Set a site to values of all of it, or exchange it where these are of other rows."""
    return lambda name, values: site.exchanged(values, given) if name == site.name else values


def added(site: Site, vectors: Array) -> Change:
    """Add vectors ``[rows, coordinates]`` to a site's values at each of its positions."""
    return changed(site, lambda own: own + vectors[:, None])


def scaled(site: Site, factor: float) -> Change:
    """Multiply a site's values; by 0 it is removed."""
    return changed(site, lambda own: own * factor)


def turned(site: Site, plane: Array, angle: float, about: Array | float = 0.0) -> Change:
    """Turn a site's values within a plane, from its first direction to its second.

    Args:
        site: whose coordinates are turned at each of its positions.
        plane: two directions ``[2, coordinates]``; of the second what is orthogonal to the first counts.
        angle: in radians; by 0 nothing changes.
        about: the point that stays, ``[coordinates]``.

    Raises:
        InvalidIntervention: the directions span no plane.
    """
    first, second = plane
    (square, along), of_second = inner(first, plane), inner(second, second[None])[0]
    across = square * second - along * first
    of_across = inner(across, across[None])[0]
    if of_across <= (_PARALLEL * square) ** 2 * of_second:
        raise InvalidIntervention("plane", "has two directions that span none", "give two that are not parallel")
    axes = np.stack([first / np.sqrt(square), across / np.sqrt(of_across)])
    more = np.array([[np.cos(angle) - 1.0, -np.sin(angle)], [np.sin(angle), np.cos(angle) - 1.0]])
    if not more.any():
        return changed(site, lambda own: own)
    return changed(site, lambda own: own + inner(inner(inner(own - about, axes), more), np.ascontiguousarray(axes.T)))


def together(changes: Sequence[Change]) -> Change:
    """Make changes one after the other."""
    return lambda name, values: reduce(lambda found, change: change(name, found), changes, values)


@dataclass(frozen=True, eq=False)
class Run:
    """A run: all that a network computes on some rows.

    Args:
        values: by site without position: ``[rows, positions, coordinates]``.
        logits: ``[rows, outputs]``.
    """

    values: Mapping[str, Array]
    logits: Array


Patch = tuple[Site, Array]
"""A site, and what is written there: values of all of it, of which those of the site are taken."""


def giver_of(name: str, there: Container[str]) -> Site:
    """The site that gives what another one carries: itself; of an edge its source, which is a head, an MLP block or the
    embedding of a transformer, or a unit of a layer.

    Args:
        name: of a site without position, or of an edge.
        there: names of the network's sites.
    """
    source, is_edge, _ = name.partition("-")
    if not is_edge or source in there:
        return Site(source)
    layer, _, unit = source.removeprefix("x").rpartition(".")
    return Site(f"h{layer}" if layer else "x", None, (int(unit),)) if unit else Site("x0")


def run(subject: Sited, data: NDArray[Any], patches: Sequence[Patch] = ()) -> Run:
    """Run the whole network.

    Args:
        subject: whose rows need not be those that are run.
        data: as :meth:`~pluriscope.analysis.subjects.subject.Subject.run_sites` takes it.
        patches: what is written where; of an edge what its source gives.
    """
    found, patched = dict[str, Array](), together([put(*patch) for patch in patches])

    def keep(name: str, values: Array) -> Array:
        found[name] = patched(name, values)
        return found[name]

    def read(stream: Array, reader: str) -> Array:
        """Return what a reader sees: with edges patched, what their sources give it instead."""
        for site, given in patches:
            if site.name.partition("-")[2] != reader:
                continue
            giver = giver_of(site.name, found)
            if giver.coordinates is None:
                stream, own = stream.copy(), found[giver.name]
                stream[:, *site.index] += (site.exchanged(own, given) - own)[:, *site.index]
            else:  # what is read is the layer itself
                stream = giver.exchanged(stream, given)
        return stream

    edges: dict[str, Any] = {"read": read} if any("-" in site.name for site, _ in patches) else {}
    return Run(found, subject.run_sites(data, keep, **edges))


def in_portions(subject: Sited, rows: NDArray[Any]) -> list[NDArray[Any]]:
    """Rows, or what there is of each, in as many parts as keep what a run computes in memory."""
    of_each = sum(one.size for one in run(subject, subject.inputs[:1]).values.values())
    size = max(1, _NUMBERS // of_each)
    return np.split(rows, range(size, len(rows), size))


def on_all_rows(subject: Sited, wanted: Callable[[str], bool]) -> dict[str, Array]:
    """Some sites on all rows of the task, ``[rows, positions, coordinates]``, by runs of some rows at a time.

    Args:
        subject: that is run.
        wanted: name of a site → whether it is kept.
    """
    found: dict[str, list[Array]] = {}
    for data in in_portions(subject, subject.inputs):
        for name, values in run(subject, data).values.items():
            if wanted(name):
                found.setdefault(name, []).append(values)
    return {name: np.concatenate(some) for name, some in found.items()}


@dataclass(frozen=True, eq=False)
class Pairs:
    """Rows of a task, each with one that is answered otherwise and differs from it least.

    Args:
        clean: numbers of rows ``[pairs]``.
        corrupt: of their partners.
        of: how many rows have one.
    """

    clean: NDArray[np.intp]
    corrupt: NDArray[np.intp]
    of: int


def some_of(n: int, most: int) -> NDArray[np.intp]:
    """Numbers below ``n`` in ascending order: all, or as many as are wanted, drawn at random and always the same ones.

    Rows often stand in the order of their tokens, so that every second one, or fourth, may have one token alike.
    """
    return np.sort(np.random.default_rng(_SEED).permutation(n)[:most])


def pairs_of(model: Subject, most: int) -> Pairs:
    """Rows, drawn where there are more, with their partners, of several the first; none where all are answered alike.

    Args:
        most: so many pairs.
    """
    n = len(model.answers) if len(set(model.answers.tolist())) > 1 else 0
    clean = some_of(n, most)
    return Pairs(
        clean, np.array([partner_of(model.inputs, model.answers, row) for row in clean.tolist()], dtype=np.intp), n
    )


def partner_of(inputs: NDArray[Any], answers: NDArray[np.int64], row: int) -> int:
    """The row that is answered otherwise and differs in fewest tokens or numbers, the first of several; of none the row
    itself.

    Args:
        inputs: ``[rows, …]``.
        answers: ``[rows]``.
    """
    apart = (inputs != inputs[row]).reshape(len(inputs), -1).sum(axis=1)
    others = answers != answers[row]
    return int(np.where(others, apart, inputs[row].size + 1).argmin()) if others.any() else row


def measured(metric: Metric, logits: Array, whole: Array, wanted: NDArray[np.int64], other: NDArray[np.int64]) -> Array:
    """Compute a metric, larger where the wanted token is predicted, ``[rows]``.

    Args:
        metric: the wanted logit less the other's; the wanted token's probability; or minus the divergence, in nats, of
            the whole model's distribution from this one.
        logits: ``[rows, vocabulary]``.
        whole: likewise, of the whole model on the rows whose answers are wanted.
        wanted: tokens ``[rows]``.
        other: likewise.
    """
    rows = np.arange(len(logits))
    if metric == "logit-difference":
        return np.asarray(logits[rows, wanted] - logits[rows, other])
    if metric == "probability":
        return np.asarray(np.exp(log_softmax(logits)[rows, wanted]))
    return np.asarray(-divergence(whole, logits[None])[0])


def metric_slopes(
    metric: Metric, logits: Array, whole: Array, wanted: NDArray[np.int64], other: NDArray[np.int64]
) -> Array:
    """Derivatives of :func:`measured` by the logits, ``[rows, vocabulary]``."""
    rows, given = np.arange(len(logits)), np.exp(log_softmax(logits))
    found = np.zeros_like(logits)
    if metric == "logit-difference":
        found[rows, wanted] += 1.0
        found[rows, other] -= 1.0
        return found
    if metric == "probability":
        found[rows, wanted] = 1.0
        return np.asarray(given[rows, wanted, None] * (found - given))
    return np.asarray(np.exp(log_softmax(whole)) - given)
