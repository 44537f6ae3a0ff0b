"""The file that ``pluriscope bench`` writes: the scores of each method, its answers, and what it was run from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat

from pluriscope.analysis import ENGINE_VERSION
from pluriscope.analysis.errors import AnalysisError
from pluriscope.analysis.values.digest import canonical_json, sha256_hex
from pluriscope.analysis.values.strict_json import read_object, validated
from pluriscope.tables.csv_files import csv_lines

FORMAT: Final = "pluriscope-bench/1"
MOST_BYTES: Final = 256 << 20
CLOCKED: Final = frozenset(("seconds", "seconds_ratio"))
"""Columns that a clock decides: no part of the digest, and not compared."""
TOLERANCE: Final = 1e-9
_CURE: Final = "give a file that `pluriscope bench --json` wrote"
Place = tuple[str, str, str, str]
"""Of a value: method, network, condition, column; of a figure over all networks the second and third are empty, and of
what is said of the whole result the first too.
"""


class InvalidResult(AnalysisError):
    """A result file is damaged, was changed, or is of another suite or engine."""


class _Source(BaseModel):
    form: Literal["method", "answers", "function"]
    file: str = Field(pattern=r"^[^/\x00]{0,255}$")
    text: str
    sha256: str


class _Method(BaseModel):
    model_config = ConfigDict(extra="allow")
    name: str
    source: _Source | None


class _Limits(BaseModel):
    seconds: PositiveFloat
    bytes: int = Field(ge=1, lt=1 << 63)


class _Row(BaseModel):
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, str | float | bool | None]
    method: str
    network: str
    condition: str


class _File(BaseModel):
    model_config = ConfigDict(extra="allow")
    format: Literal["pluriscope-bench/1"]
    suite: str
    engine: str
    limits: _Limits
    conditions: Literal["primary", "all"]
    methods: list[_Method] = Field(min_length=1)
    rows: list[_Row]
    digest: str


def result_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """A result with the head and the digest that its file has."""
    found = {"format": FORMAT, "primary": "regret", "engine": ENGINE_VERSION, **document}
    return {**found, "digest": digest_of(found)}


def digest_of(document: Mapping[str, Any]) -> str:
    """SHA-256 of everything in a result but its digest and what a clock decides."""
    parts = {key: value for key, value in document.items() if key != "digest"}
    for name in ("methods", "rows"):
        parts[name] = [{key: value for key, value in one.items() if key not in CLOCKED} for one in parts[name]]
    return sha256_hex(canonical_json(parts))


def read_result(raw: bytes, name: str, suite: str) -> dict[str, Any]:
    """The content of a result file whose digests are right.

    Args:
        name: of the file, for errors.
        suite: digest of the suite that it should be about.

    Raises:
        InvalidResult: it is no result, was changed since it was written, is about another suite or of another engine,
            or has a method that cannot be run again.
    """
    item = f"result {name!r}"
    document = read_object(raw, item, InvalidResult, MOST_BYTES, _CURE)
    file = validated(_File, document, item, InvalidResult, _CURE)
    try:
        found = digest_of(document)
    except UnicodeEncodeError:
        raise InvalidResult(item, "holds half of a character", _CURE) from None
    if found != file.digest:
        cause = f"was changed since it was written: its digest says {file.digest[:12]}, its content has {found[:12]}"
        raise InvalidResult(item, cause, "give the file as it was written")
    for places in ([one.name for one in file.methods], [(one.method, one.network, one.condition) for one in file.rows]):
        if len({*places}) < len(places):
            raise InvalidResult(item, "has a method, or a row of one, twice", _CURE)
    for one in file.methods:
        if one.source and sha256_hex(one.source.text.encode()) != one.source.sha256:
            raise InvalidResult(item, f"says another SHA-256 of {one.name[:60]!r} than its text has", _CURE)
        if one.source and one.source.form == "function":
            cause = f"has {one.name[:60]!r}, a function that was never a file"
            raise InvalidResult(item, cause, "write the function to a file, and score that")
    if file.suite != suite:
        cause = f"is about suite {file.suite[:12]}, and {suite[:12]} is asked about"
        raise InvalidResult(item, cause, f"give --suite the folder of suite {file.suite[:80]}")
    if file.engine != ENGINE_VERSION:
        cause = f"was written by engine {file.engine[:20]}, and this is {ENGINE_VERSION}"
        raise InvalidResult(item, cause, "verify it with that version, or run the method again with this one")
    return document


def differences(stored: Mapping[str, Any], found: Mapping[str, Any]) -> dict[Place, tuple[Any, Any]]:
    """Values in which two results differ; numbers within a billionth are equal, times and digests are not compared."""
    one, other = _values(stored), _values(found)
    same = {place for place in one.keys() & other.keys() if _equal(one[place], other[place])}
    apart = [place for place in one | other if place not in same]
    return {(*head, ".".join(path)): (one.get((head, path)), other.get((head, path))) for head, path in apart}


def _values(document: Mapping[str, Any]) -> dict[tuple[tuple[str, str, str], tuple[str, ...]], Any]:
    """Every value of a result by method, network and condition, and the keys that lead to it."""
    first = {key: value for key, value in document.items() if key not in ("methods", "rows", "digest")}
    heads = [(("", "", ""), {**first, "methods": [one["name"] for one in document["methods"]]})]
    heads += [((row["method"], row["network"], row["condition"]), row) for row in document["rows"]]
    heads += [((one["name"], "", ""), one) for one in document["methods"]]
    return {(head, path): value for head, one in heads for path, value in _flat(one)}


def _flat(values: Mapping[str, Any], before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in values.items():
        if key in CLOCKED:
            continue
        if isinstance(value, Mapping) and value:
            yield from _flat(value, (*before, key))
        else:
            yield (*before, key), value


def _equal(one: Any, other: Any) -> bool:
    if type(one) in (int, float) and type(other) in (int, float) and max(abs(one), abs(other)) < 1e300:
        return bool(abs(one - other) <= TOLERANCE * max(1, abs(one), abs(other)))
    return type(one) is type(other) and bool(one == other)


def rows_csv(document: Mapping[str, Any]) -> Iterator[str]:
    """The rows of a result as comma-separated values, behind lines that say what they are."""
    rows = document["rows"]
    about = (
        f"What discovery methods answer about the networks of suite {document['suite']}",
        f"result {document['digest']}, engine {document['engine']}; primary score: {document['primary']}",
    )
    columns = list(dict.fromkeys(column for row in rows for column in row))
    return csv_lines(about, columns, (map(row.get, columns) for row in rows))
