"""Records of live spaces: circuits with their scores and the rows that they decide wrong, without model or weights."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import combinations
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.values.digest import canonical_json, sha256_hex
from pluriscope.analysis.values.strict_json import plain_text, validated
from pluriscope.figures.numbers import noun

FORMAT: Final = "pluriscope-live-record/1"
GAP: Final = "least Jaccard above what exists"
SEVERAL: Final = "with several circuits"
CURE: Final = (
    "give what found.save(FILE) writes where the model is; circuits from elsewhere need format, name, model, units, "
    'and circuits with "units" or a "mask" in hexadecimal'
)
_ITEM: Final = "record"
_HEX: Final = "^[0-9a-f]+$"
_Line = Annotated[str, Field(max_length=80, pattern="^[^\\x00-\\x1f\u202a-\u202e\u2066-\u2069]*$")]
"""A text without control characters."""
_NODE: Final = re.compile(r"(\d+)(?:\.(?:(\d+)(?:\.[qkv])?|m(?:lp)?))?(?:[\[/].*)?")


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class Entry(_Strict):
    """A circuit of a record; sets of rows are hexadecimal, row 0 the lowest bit.

    Args:
        mask: what it keeps, unit 0 the lowest bit.
        label: by which way it was found, or whose it is.
        spare: units each of which can be removed alone; None where nobody tried.
        wrong: rows that it decides wrong.
        without: unit → rows that it decides wrong without it.
    """

    mask: str = Field(pattern=_HEX)
    label: _Line = ""
    score: float | None = None
    least_gap: float | None = None
    held_out: float | None = None
    complement: float | None = None
    spare: list[str] | None = None
    wrong: str | None = Field(None, pattern=_HEX)
    without: dict[str, str] = {}

    @cached_property
    def bits(self) -> int:
        return int(self.mask, 16)

    @property
    def size(self) -> int:
        return self.bits.bit_count()

    @property
    def key(self) -> str:
        """What addresses call it: its mask, or of a long one the beginning of its digest."""
        return f"{self.bits:x}" if self.bits < 1 << 96 else sha256_hex(f"{self.bits:x}".encode())[:16]

    def wrong_without(self, unit: str, number: int) -> int | None:
        """Rows that it decides wrong where a unit is ablated, too; None where that was not run."""
        text = self.without.get(unit, None if self.bits >> number & 1 else self.wrong)
        return None if text is None else int(text, 16)


class Record(_Strict):
    """What was found of a live space, or circuits that were published.

    Args:
        digest_of_model: SHA-256 of its parameters; None where nobody knows it.
        rules: the protocol in words, with what decides; None where the circuits were not judged.
        doubt: what speaks against there being much to explain, in sentences, such as a constant that the rules accept.
        tested, valid, minimal: of a list how many masks were run, are valid, are minimal; the smallest minimal ones
            are the circuits.
        searches, runs: of a search how many there were, and the masks that they ran.
        kept: units that all valid circuits keep, or of a search all found.
        trust: what such searches came to where every valid circuit is known, in rows of a table.
        without: unit → rows that the whole model decides wrong without it.
    """

    format: str = Field(pattern=f"^{FORMAT}$")
    name: str
    model: str
    digest_of_model: str | None = Field(None, pattern="^[0-9a-f]{64}$")
    units: list[str] = Field(min_length=1, max_length=100_000)
    circuits: list[Entry] = Field(min_length=1, max_length=2_000)
    rules: str | None = None
    doubt: str = Field("", max_length=1_000)
    protocol: dict[str, str | float | bool | None] = {}
    n_rows: int = Field(0, ge=0, le=100_000)
    rows: list[str] = []
    tested: int | None = Field(None, ge=0)
    valid: int | None = Field(None, ge=0)
    minimal: int | None = Field(None, ge=0)
    searches: int | None = Field(None, ge=0)
    runs: int | None = Field(None, ge=0)
    kept: list[str] | None = None
    whole_score: float | None = None
    empty_score: float | None = None
    trust: list[dict[_Line, _Line | int | float]] = Field([], max_length=20)
    without: dict[str, str] = {}

    @model_validator(mode="after")
    def _fits(self) -> Record:
        if len({*self.units}) < len(self.units) or len({one.bits for one in self.circuits}) < len(self.circuits):
            raise ValueError("has a unit or a circuit twice")
        named = [*self.without, *(self.kept or ()), *(name for one in self.circuits for name in one.spare or ())]
        if unknown := {*named, *(name for one in self.circuits for name in one.without)} - {*self.units}:
            raise ValueError(f"names {min(unknown)[:40]!r}, which is not in units")
        if self.rows and len(self.rows) != self.n_rows:
            raise ValueError(f"has {len(self.rows)} names for {self.n_rows} rows")
        rows = [each for one in self.circuits for each in (one.wrong or "0", *one.without.values())]
        if any(int(one, 16) >> self.n_rows for one in (*rows, *self.without.values())):
            raise ValueError(f"has more bits than {self.n_rows} rows")
        if any({"searches", "networks", GAP} - one.keys() for one in self.trust):
            raise ValueError(f"has trust without searches, networks and {GAP!r}")
        for one in self.circuits:
            if one.bits >> len(self.units):
                raise ValueError(f"has more bits than {len(self.units)} units in circuit {one.mask[:20]}")
            if self.protocol.get("criterion") == "decisions" and one.wrong is not None and one.score is not None:
                right = 1 - int(one.wrong, 16).bit_count() / max(1, self.n_rows)
                if abs(right - one.score) > 1e-6:
                    raise ValueError(f"says {one.score:g} of circuit {one.mask[:20]}, and {right:g} by its rows")
        return self

    @cached_property
    def digest(self) -> str:
        """Digest of all that it says but its name."""
        return sha256_hex(canonical_json(self.model_dump(exclude={"name"}, mode="json")))

    @property
    def task(self) -> str:
        """What it is about, for lists."""
        return self.model

    @property
    def complete(self) -> bool:
        """Whether every mask was run, so that no other circuit is valid."""
        return self.tested is not None and self.tested == 1 << len(self.units) and self.kept is not None

    def names(self, bits: int) -> list[str]:
        """Units of a mask."""
        return [name for name, bit in zip(self.units, reversed(f"{bits:b}"), strict=False) if bit == "1"]

    @cached_property
    def use(self) -> Counter[str]:
        """How many listed circuits keep each unit."""
        return Counter(name for one in self.circuits for name in self.names(one.bits))

    @property
    def kept_by_all(self) -> list[str]:
        """Units of which no circuit is known that does without."""
        return [name for name in self.kept or self.units if self.use[name] == len(self.circuits)]

    @cached_property
    def tight(self) -> list[Entry]:
        """Circuits of which nothing can be spared: padding would lower overlaps. Of masks that nobody judged all."""
        return [one for one in self.circuits if one.spare == [] or self.rules is None]

    @cached_property
    def farthest(self) -> tuple[Entry, Entry] | None:
        """The two that share least, of which nothing can be spared."""
        return min(combinations(self.tight[:500], 2), key=lambda two: jaccard(*two), default=None)

    @property
    def in_short(self) -> str:
        """In a few words, what is listed."""
        if self.rules is None:
            return noun(len(self.circuits), "published circuit")
        return noun(self.minimal or 0, "minimal circuit") if self.complete else f"{len(self.circuits):,} found"

    @property
    def about(self) -> str:
        """In sentences, of which model it is and by which rules it was judged."""
        known = f"parameters SHA-256 {self.digest_of_model[:12]}" if self.digest_of_model else "parameters unknown"
        words = "Masks alone are here: they are compared by structure, and none is said to be valid"
        if self.rules:
            words = f"Judged by {self.rules}, on {noun(self.n_rows, 'row')}, where the model, its weights and rows are"
        if self.whole_score is not None and self.empty_score is not None:
            who = "all units together have" if self.protocol.get("rest") == "ablated" else "the whole model has"
            words += f"; {who} {self.whole_score:.4g}, no unit at all {self.empty_score:.4g}"
        return f"Model {self.model}, {known}. {words}."

    @property
    def verdict(self) -> str:
        """In sentences, whether there is one circuit, and by which rules; first what speaks against these."""
        kept, of = noun(len(self.kept_by_all), "unit"), f"among {len(self.units):,} units"
        if self.complete:
            explain = "explains" if self.minimal == 1 else "explain"
            words = f"{self.in_short} {of} {explain} {self.model} by {self.rules}; {kept} in every valid one."
            return f"{self.doubt} {words}".lstrip()
        words = f"{noun(len(self.circuits), 'valid circuit')} found {of} of {self.model}, by {self.rules}"
        words = f"{self.doubt} {words}".lstrip()
        if self.rules is None:
            words = f"{self.in_short} {of} of {self.model}, whose structure alone is compared"
        least = f"; least shared ÷ all {jaccard(*self.farthest):.2f}" if self.farthest else ""
        return f"{words}{least}; {kept} kept by all {'found' if self.rules else 'of them'}."


def jaccard(one: Entry, other: Entry) -> float:
    """Shared units ÷ all units of two circuits; 1 for two empty ones."""
    union = (one.bits | other.bits).bit_count()
    return (one.bits & other.bits).bit_count() / union if union else 1.0


def trust_in_words(trust: Sequence[Mapping[str, Any]]) -> str:
    """In one sentence, how near such searches come where every valid circuit is known."""
    if not trust:
        return "How near this way to search comes was not tried on networks whose valid circuits are all known."
    n, searches = trust[0].get(SEVERAL, trust[0]["networks"]), trust[0]["searches"]
    gaps = sorted({str(one[GAP]).partition(" ")[0] for one in trust if one.get(SEVERAL, one["networks"]) == n})
    within = gaps[0] if len(gaps) == 1 else f"{gaps[0]} to {gaps[-1]}, by their settings,"
    where = f"On {n} networks whose valid circuits are all known"
    return f"{where}, {searches} such searches came within {within} of the least Jaccard that exists, in the mean."


def read_record(document: Mapping[str, Any]) -> Record:
    """A record from the JSON object of its file; circuits may name their units instead of a mask.

    Raises:
        InvalidNetwork: it holds what no record does, such as weights or code, or contradicts itself.
    """
    given = dict(document)
    for key in given.keys() - Record.model_fields.keys():
        cause = "is none that a record has: only masks and numbers come in, never weights or functions"
        raise InvalidNetwork(f"{_ITEM} key {key[:40]!r}", cause, CURE)
    for key in ("name", "model", "rules", "doubt", "units", "rows"):
        for text in given[key] if isinstance(given.get(key), list) else [given.get(key)]:
            if text is not None:
                plain_text(text, f"{_ITEM} {key}", InvalidNetwork)
    if isinstance(given.get("circuits"), list) and isinstance(given.get("units"), list):
        numbers = {name: number for number, name in enumerate(given["units"])}
        given["circuits"] = [_with_mask(one, numbers) for one in given["circuits"]]
    return validated(Record, given, _ITEM, InvalidNetwork, CURE)


def _with_mask(circuit: Any, numbers: Mapping[str, int]) -> Any:
    """A circuit with a mask in place of the names of its units."""
    if not isinstance(circuit, dict) or not isinstance(circuit.get("units"), list):
        return circuit
    if unknown := [one for one in circuit["units"] if not isinstance(one, str) or one not in numbers]:
        raise InvalidNetwork(f"{_ITEM} circuit", f"keeps {str(unknown[0])[:40]!r}, which is not in units", CURE)
    mask = sum(1 << numbers[one] for one in {*circuit["units"]})
    return {"mask": f"{mask:x}", **{key: value for key, value in circuit.items() if key != "units"}}


def cell_of(unit: str) -> tuple[str, str]:
    """Layer and column of a unit in a drawing; of an edge those of its reader."""
    name = unit.rpartition(" -> ")[2]
    if found := _NODE.fullmatch(name):
        return found[1], found[2] or ("MLP" if ".m" in name else "layer")
    before, _, last = re.sub(r"\[.*", "", name).rpartition(".")
    return (name, "stream") if name in ("e", "out") else (before or "–", last)
