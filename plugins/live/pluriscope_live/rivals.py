"""Rivals: valid circuits of a live space that share as little as possible, by searches."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from itertools import combinations
from typing import Annotated, Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from pluriscope.analysis.errors import BeyondLimits, InvalidProtocol
from pluriscope.analysis.values.digest import sha256_hex
from pluriscope.arguments import checked
from pluriscope.errors import InvalidOption
from pluriscope.objects.progress import Reader, working
from pluriscope.objects.showing import Row, Rows, aligned
from pluriscope_live.groups import Asked, Groups, clusters
from pluriscope_live.learned import Learned
from pluriscope_live.listing import Circuit
from pluriscope_live.record import GAP, SEVERAL, trust_in_words
from pluriscope_live.saving import save
from pluriscope_live.searches import WAYS, Acdc, Bits, Start, Way, dispensable, jaccard, least_alike, round_of
from pluriscope_live.space import Space

USUAL: Final = 5
SEARCHES: Final = 20
_EVERY: Final[Mapping[str, Way]] = {**WAYS, "learned": Learned()}


Count = Annotated[int, Field(ge=1)]


@dataclass(frozen=True)
class Attempt:
    """One search.

    Args:
        way: its name.
        label: such as a group of rows.
        raw: mask from which units were added until it was valid, and then removed.
        raw_valid: whether it was valid as it was.
        circuit: mask of which nothing can be spared.
        runs: masks that were run until then, by all searches.
    """

    way: str
    label: str
    raw: int
    raw_valid: bool
    circuit: int
    runs: int


@dataclass(frozen=True, eq=False, repr=False)
class Rivals(Sequence[Circuit]):
    """Circuits of a space that share little; each is valid by the protocol, and of none can a single unit be spared.

    Args:
        space: theirs.
        most: how many are shown.
        attempts: the searches, in their order.
        dispensable: units without which some valid circuit was found.
        runs: masks that were run, those that tried what is dispensable included; a run forwards and backwards is three.
        existing: masks of all circuits of which nothing can be spared, where every mask of the space was run before.
        wanted: how many were asked for; None for at most five.
    """

    space: Space
    most: int
    attempts: tuple[Attempt, ...]
    dispensable: tuple[str, ...]
    runs: int
    existing: NDArray[np.uint64] | None = None
    wanted: int | None = None
    save = save

    def __len__(self) -> int:
        return len(self._shown)

    def __getitem__(self, at: Any) -> Any:
        return self._shown[at]

    @cached_property
    def found(self) -> list[Circuit]:
        """The different circuits that the searches ended with, as they were found."""
        return [Circuit(self.space, one) for one in dict.fromkeys(each.circuit for each in self.attempts)]

    @cached_property
    def _shown(self) -> tuple[Circuit, ...]:
        chosen = least_alike(np.array([one.bits for one in self.found]), self.most)
        return tuple(self.found[number] for number in chosen)

    @property
    def kept_by_all(self) -> tuple[str, ...]:
        """Units that every valid circuit keeps that was found; some of them may be dispensable."""
        return tuple(one for one in self.space.units if one not in set(self.dispensable))

    @property
    def overlaps(self) -> Rows:
        """What each two of the circuits share, and how many units two of their sizes share by chance."""
        rows: list[Row] = []
        for (number, one), (other_number, other) in combinations(enumerate(self, 1), 2):
            shared, chance = (one.number & other.number).bit_count(), one.size * other.size / self.space.n_units
            shares = {
                "of the smaller": shared / min(one.size, other.size),
                "Jaccard": shared / (one.number | other.number).bit_count(),
            }
            rows.append({"circuits": f"{number} and {other_number}", "shared": shared, **shares, "by chance": chance})
        return Rows(rows, f"Units shared by {len(self)} circuits of which nothing can be spared")

    def rows(self) -> list[Row]:
        """Figures of each circuit, and what all other units do without it."""
        found: list[Row] = []
        for number, one in enumerate(self, 1):
            scores = {"faithfulness": one.faithfulness, "held out": one.held_out}
            rest = {"rest": float(one.complement.score[0]), "rest valid": bool(one.complement.valid[0])}
            found.append({"number": number, "size": one.size, **scores, **rest, "units": " ".join(one.units)})
        return found

    @property
    def valid_as_they_were(self) -> int:
        """Searches that started with a valid mask; such as learned ones, before units were added or removed."""
        return sum(one.raw_valid for one in self.attempts)

    @property
    def verdict(self) -> str:
        """In sentences, what was found and by which rules, and first what speaks against these."""
        return f"{self.space.doubt} {self._found_in_words} Valid by {self.space.protocol}.".lstrip()

    @property
    def _found_in_words(self) -> str:
        n, found, kept = len(self.attempts), len(self.found), len(self.kept_by_all)
        searches = f"{n:,} {'search' if n == 1 else 'searches'}"
        exist = None if self.existing is None else len(self.existing)
        if exist == 1:
            every = f"all {1 << self.space.n_units:,} masks were run"
            of = f"{self[0].size} of {self.space.n_units} units"
            return f"No rivals: this is the only circuit of which nothing can be spared, with {of}; {every}."
        few = [f"{self.wanted:,} were asked for"] if self.wanted and found < self.wanted else []
        if few or found == 1:
            few += ["more searches may find more" if exist is None else f"{exist:,} exist"]
        more = f" {'; '.join(few).capitalize()}." if few else ""
        if found == 1:
            of = f"of {self[0].size} of {self.space.n_units} units.{more}"
            return f"No rivals were found: {searches} ({self.runs:,} runs) ended with one circuit {of}"
        least = jaccard(np.array([one.bits for one in self.found])).min()
        shared = (
            f"{kept} of {self.space.n_units} units are kept by all found" if kept else "no unit is kept by all found"
        )
        shares = f"least Jaccard {least:.3g}, {shared}.{more}"
        return f"{found:,} circuits were found in {searches} ({self.runs:,} runs); {shares}"

    @property
    def trust(self) -> Rows:
        """What these searches came to where every valid circuit is known: on small networks, with the nearest number
        of searches that was tried there. It is no promise for another model.
        """
        tried = json.loads((resources.files("pluriscope_live") / "docs" / "trust.json").read_text("utf-8"))["figures"]
        own = [one for one in tried if one["way"] == self.attempts[0].way]
        n = min((one["searches"] for one in own), key=lambda one: abs(one - len(self.attempts)), default=0)
        names = {"gap": GAP, "false": "kept by all found, not indispensable"}
        rows = [
            {"searches": n, "networks": one["networks"], SEVERAL: one["several"], **one["setting"]}
            | {words: "{:.2f} ({:.2f} to {:.2f})".format(*one[name]) for name, words in names.items()}
            for one in own
            if one["searches"] == n
        ]
        return Rows(rows, trust_in_words(rows) + " Means with 95% intervals:" * bool(rows))

    def __repr__(self) -> str:
        return aligned(self.rows(), self.verdict)

    def _repr_html_(self) -> str:
        return Rows(self.rows(), self.verdict)._repr_html_()


@checked
def rivals(
    space: Space,
    count: Count | None = None,
    seed: Annotated[int, Field(ge=0)] = 0,
    *,
    way: str | Way = "mixed",
    searches: Count | None = None,
    seconds: Annotated[float, Field(gt=0)] | None = None,
    report: Reader = None,
) -> Rivals:
    """Search for valid circuits of a space that share as little as possible.

    Args:
        count: how many to show, at most 5 if None; where fewer are found, the verdict says so, and how many exist.
        seed: of random numbers; the same gives the same.
        way: "mixed" takes turns of "deletion" of units in random orders, "used first", which removes units first that
            the circuits found have, and "regrowth" from a random half; "ACDC" in other orders; "learned", masks with a
            repulsion from those found; "groups", one circuit for each group of rows of the space, or for each cluster
            of attributions. An instance of Acdc or Learned has other settings, and your own function is a way.
        searches: how many, 20 or four for each circuit if None; of groups one each.
        seconds: after which no further ones are begun.
        report: is told how far it is.

    Raises:
        InvalidOption: the way is unknown.
        InvalidProtocol: nothing of the space is needed to be valid.
    """
    most = USUAL if count is None else count
    if space.empty.valid[0]:
        cause = f"is met without any unit, which has {float(space.empty.score[0]):.6g} by {space.protocol}"
        raise InvalidProtocol(f"threshold {space.protocol.threshold:g}", cause, "choose other units, or a stricter one")
    chosen = _way(way, space, most)
    n = len(chosen.every) if isinstance(chosen, Groups) else searches or max(SEARCHES, 4 * most)
    target, attempts = Asked(space), list[Attempt]()
    named = getattr(way, "name", getattr(way, "__qualname__", type(way).__name__))
    name = way if isinstance(way, str) else named
    own = not isinstance(chosen, (Acdc, Learned, Groups)) and chosen not in WAYS.values()
    key = {"way": name if own else getattr(chosen, "__qualname__", repr(chosen)), "seed": seed}
    store = space.resumed
    lines = [line for line in store.of("search") if {name: line[name] for name in key} == key]
    if own and lines:  # by its name a function may be another one than it was
        began = _written(chosen(target, [], 0, np.random.default_rng((seed, 0))))
        lines = [line for line in lines if line["began"] == began]
    for line in lines:
        if line["number"] == len(attempts) < n:
            attempts.append(Attempt(**line["attempt"]))
    key["began"] = lines[0]["began"] if lines else ""
    target.runs = runs = attempts[-1].runs if attempts else 0
    with working(seconds, report) as work, work.ending("searches"):
        while (number := len(attempts)) < n:
            work.report_step("searches", number, n)
            found = [space.circuit(one.circuit).bits for one in attempts]
            for one in round_of(chosen, target, found, number, n - number, seed):
                key["began"] = key["began"] or _written(one.start)
                raw, circuit, runs = _number(one.start.bits), _number(one.bits), runs + one.runs
                attempts.append(Attempt(name, one.start.label, raw, one.valid, circuit, runs))
                store.add("search", **key, number=len(attempts) - 1, attempt=vars(attempts[-1]))
    if not attempts:
        raise BeyondLimits("rivals", f"none were found in {seconds} seconds", "give more seconds")
    bits = np.array([space.circuit(one.circuit).bits for one in attempts])
    lacking = dispensable(target, np.logical_and.reduce(bits))
    names = tuple(name for name, one in zip(space.units, lacking, strict=True) if one)
    return Rivals(space, most, tuple(attempts), names, target.runs, _existing(space), count)


def _way(way: str | Way, space: Space, count: int) -> Way:
    if way == "groups":
        return Groups(tuple(clusters(space, count) if space.groups is None else map(str, space.groups)))
    if isinstance(way, str) and way not in _EVERY:
        raise InvalidOption(f"way {way!r}", "is unknown", "give " + ", ".join(map(repr, (*_EVERY, "groups"))))
    return _EVERY[way] if isinstance(way, str) else way


def _written(start: Start) -> str:
    """The digest of the start of a search."""
    return sha256_hex(repr((_number(start.bits), [*map(int, start.order)], start.label)).encode())


def _number(bits: Bits) -> int:
    return sum(1 << int(unit) for unit in np.flatnonzero(bits))


def _existing(space: Space) -> NDArray[np.uint64] | None:
    """Masks of all circuits of which nothing can be spared, where the file of results has every mask."""
    lines = list(space.store.of("block"))
    if not lines or max(one["to"] for one in lines) < 1 << space.n_units:
        return None
    every = np.unique(np.concatenate([np.array(one["valid"], dtype=np.uint64) for one in lines]))
    return nothing_spared(every, space.n_units)


def nothing_spared(every: NDArray[np.uint64], n_units: int) -> NDArray[np.uint64]:
    """Of all valid masks those of which no single unit can be removed."""
    least = every
    for bit in (np.uint64(1 << unit) for unit in range(n_units)):
        has = (least & bit) != 0
        least = least[~(has & np.isin(least ^ bit, every))]
    return least
