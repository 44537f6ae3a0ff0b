"""Kinds of network that are elsewhere: what was found of one is stored and shown, and nothing of it can be run here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.errors import AnalysisError, InvalidNetwork
from pluriscope.analysis.plugins import joined
from pluriscope.analysis.subjects.registry import MAX_SUBJECT_BYTES, kind_called
from pluriscope.analysis.subjects.subject import SubjectKind
from pluriscope.analysis.values.strict_json import read_object
from pluriscope.app.db.tables import NetworkRow

_ITEM: Final = "file"
_MAX_PARTS: Final = 400_000  # lists and objects, or keys


@dataclass(frozen=True)
class RemoteKind:
    """A kind of network whose weights stay with its owner.

    Args:
        key: stable name, lower case, at most 24 letters.
        noun: for one of them, in lower case.
        plural: for several.
        format: what their files have as their "format".
        read: the JSON object of a file → what it says: it has ``name``, ``digest``, ``task``, ``rules``, ``verdict``,
            a sentence, ``in_short``, a few words, and ``about``, sentences; raises AnalysisError naming what is wrong.
        tabs: addresses, slug → words of each of its pages with their addresses; the first is its overview.
        instead: what to do where a pickled file was given, which is never opened: a clause, code between backticks.
    """

    key: str
    noun: str
    plural: str
    format: str
    read: Callable[[dict[str, Any]], Any]
    tabs: Callable[[Addresses, str], Mapping[str, str]]
    instead: str = ""

    def page(self, addresses: Addresses, slug: str) -> str:
        """The address of the overview of a network."""
        return next(iter(self.tabs(addresses, slug).values()))

    def read_file(self, raw: bytes) -> Any:
        """What a file says.

        Raises:
            AnalysisError: it cannot be read.
        """
        return _read(self, raw)

    def row(self, raw: bytes) -> NetworkRow:
        """The row of a network, in no session, from its file."""
        found = self.read_file(raw)
        return NetworkRow(
            digest=found.digest,
            slug="",
            name=found.name,
            kind=self.key,
            document=raw,
            sizes=[],
            activation="",
            output_activation="",
            parameters=b"",
            tasks=[{"name": found.task, "digest": found.digest}],
            origin="uploaded",
            attribution="",
        )


@lru_cache(maxsize=16)
def _read(kind: RemoteKind, raw: bytes) -> Any:
    cure = f"give one JSON object of the format {kind.format}"
    return kind.read(read_object(raw, _ITEM, InvalidNetwork, MAX_SUBJECT_BYTES, cure, max_parts=_MAX_PARTS))


@cache
def remote_kinds() -> Mapping[str, RemoteKind]:
    """Every one by its key; the core has none."""
    none: tuple[RemoteKind, ...] = ()
    return {one.key: one for one in joined("remote", none, lambda one: one.key)}


def remote_kind_of_file(raw: bytes) -> RemoteKind | None:
    """The kind of a file that names its format, whether or not it can be read; None for every other file."""
    return next((one for one in remote_kinds().values() if f'"{one.format}"'.encode() in raw[:2_000]), None)


def refused_pickle(raw: bytes, error: AnalysisError) -> AnalysisError:
    """An error about a file, with what else can be done where the file is pickled."""
    words = [one.instead for one in remote_kinds().values() if one.instead]
    is_pickled = raw.startswith(b"\x80") or (raw.startswith(b"PK") and b"/data.pkl" in raw)
    if words and is_pickled and b"_rebuild_tensor" not in raw:  # neither a model nor weights
        return type(error)(error.item, error.cause, "; ".join([error.cure, *words]))
    return error


def any_kind(key: str) -> SubjectKind | RemoteKind:
    """The kind of a key.

    Raises:
        KeyError: there is none.
    """
    return remote_kinds().get(key) or kind_called(key)
