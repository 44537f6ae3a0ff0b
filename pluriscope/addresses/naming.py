"""References in addresses: to an analysis (its scope) and to explanations in it, written and read back."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pluriscope.analysis.explanations.registry import EVERY_KIND
from pluriscope.analysis.questions.protocol import BY_NAME, Protocol

DEFAULT_PROTOCOL: Final = "complete"
LETTERS: Final = "PQRSTU"
"""What explanations are called that stand beside each other, in their order."""
LEAST, MOST = 2, len(LETTERS)  # explanations in a comparison


@dataclass(frozen=True)
class Scope:
    """Choice of an analysis of a network.

    Args:
        output: index of the analysed output.
        protocol: a built-in name, or the first 12 or more digits of a protocol's digest.
        data: first 12 or more digits of a data record's digest; "" is the default record.
    """

    output: int = 0
    protocol: str = DEFAULT_PROTOCOL
    data: str = ""

    def query(self) -> dict[str, str]:
        """The query parameters that differ from the default, in a fixed order."""
        query: dict[str, str] = {}
        if self.output != 0:
            query["output"] = str(self.output)
        if self.protocol != DEFAULT_PROTOCOL:
            query["protocol"] = self.protocol
        if self.data:
            query["data"] = self.data
        return query

    @property
    def fields(self) -> list[tuple[str, str]]:
        """All of it, as the hidden fields of a form."""
        return [("output", str(self.output)), ("protocol", self.protocol), ("data", self.data)]


IN_LIBRARY: Final = frozenset({"circuit", "interpretation", "algorithm", "alignment"})
"""Kinds that the library has values of."""
_LETTERS_TO_KINDS: Final[Mapping[str, str]] = {kind.letter: kind.key for kind in EVERY_KIND}
_KINDS_TO_LETTERS: Final = {kind: letter for letter, kind in _LETTERS_TO_KINDS.items()}


@dataclass(frozen=True)
class ExplanationRef:
    """Reference to an explanation in addresses.

    Written ``c-MASK`` (circuit), ``i-MASK.INDEX`` (interpretation), ``g-ALGORITHM`` (algorithm),
    ``a-ALGORITHM.ALIGNMENT`` or ``d-ALGORITHM.ALIGNMENT`` (on directions: an id, or a text with ``:`` for ``@``), an
    algorithm with finite variables also by its text (:func:`text_in_ref`), with ``@PROTOCOL`` behind it where that
    differs from the comparison's.
    """

    kind: str  # circuit, interpretation, algorithm, alignment or direction
    first: str  # mask or algorithm id
    second: str = ""  # index, or id or text of an alignment
    protocol: str = ""

    def __str__(self) -> str:
        letter = _KINDS_TO_LETTERS[self.kind]
        text = f"{letter}-{self.first}" + (f".{self.second}" if self.second else "")
        return text + (f"@{self.protocol}" if self.protocol else "")

    @classmethod
    def parse(cls, text: str) -> ExplanationRef:
        """Read a reference back.

        Raises:
            ValueError: it has none of these shapes.
        """
        body, _, protocol = text.partition("@")
        letter, dash, rest = body.partition("-")
        first, dot, second = rest.partition(".")
        kind = _LETTERS_TO_KINDS.get(letter, "")
        in_two = kind in ("interpretation", "alignment", "direction")
        if not dash or not first or bool(dot) != in_two or (dot and not second):
            raise ValueError(text)
        if not kind:
            raise ValueError(text)
        return cls(kind, first, second, protocol)


_ID: Final = re.compile(r"[0-9a-f]{16}")


def is_id(text: str) -> bool:
    """Whether a part of a reference is the id of something that a row keeps, and not what it is."""
    return bool(_ID.fullmatch(text))


def text_in_ref(text: str) -> str:
    """A text as references have it: base64url without padding."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def text_of_ref(part: str) -> str:
    """The text that :func:`text_in_ref` wrote.

    Raises:
        ValueError: it did not.
    """
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True).decode()


def scope_from(parameters: Mapping[str, str]) -> Scope:
    """Read a scope back from query parameters.

    Raises:
        ValueError: ``output`` is not a non-negative integer.
    """
    output = parameters.get("output", "0")
    if not (output.isascii() and output.isdigit() and len(output) < 4):
        raise ValueError(output)
    return Scope(int(output), parameters.get("protocol", DEFAULT_PROTOCOL), parameters.get("data", ""))


def protocol_key(protocol: Protocol) -> str:
    """Name of a protocol in addresses: its own name, or else 12 digits of the digest."""
    named = BY_NAME.get(protocol.name)
    return protocol.name if named is not None and named.digest == protocol.digest else protocol.digest[:12]
