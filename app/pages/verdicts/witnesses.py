"""What shows a verdict, in words: an input, an intervention, a rival explanation as a link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field

from app.addressing import Addresses
from app.options import Link, PageModel
from app.pages.explanations import Explanation

_OF_RIVAL: Final = ("mask", "index", "alignment")


class WitnessView(PageModel):
    """What shows a verdict."""

    words: str = Field(description="For people; empty if the rival alone says it.")
    rival: Link | None = None
    data: dict[str, Any] = Field(description="As the criterion gave it.")


def witness_view(witness: Mapping[str, Any], explanation: Explanation, addresses: Addresses) -> WitnessView | None:
    """A witness in words, or None if there is none.

    Args:
        witness: as the verdict has it.
        explanation: what was judged.
        addresses: builds the rival's address.
    """
    if not witness:
        return None
    told = {name: value for name, value in witness.items() if name not in _OF_RIVAL}
    return WitnessView(words=_told(told), rival=_rival(witness, explanation, addresses), data=dict(witness))


def _told(value: Any) -> str:
    """Names with their values; bits of an input as one word."""
    if isinstance(value, Mapping):
        return ", ".join(f"{str(name).replace('_', ' ')} {_told(one)}" for name, one in value.items())
    if isinstance(value, (list, tuple)):
        bits = value and all(one in (0, 1) for one in value)
        return "".join(str(int(one)) for one in value) if bits else f"({', '.join(map(_told, value))})"
    if isinstance(value, (int, float)):
        return (f"{value:.4g}" if isinstance(value, float) else str(value)).replace("-", "−")
    return str(value)


def _rival(witness: Mapping[str, Any], explanation: Explanation, addresses: Addresses) -> Link | None:
    slug, scope = explanation.place.row.slug, explanation.place.scope
    mask = witness.get("mask", explanation.circuit.hex if explanation.circuit and "index" in witness else None)
    if mask is not None and "index" in witness:
        index = int(witness["index"])
        url = addresses.interpretation(slug, mask, index, scope)
        return Link(label=f"interpretation {index} of circuit {mask}", url=url)
    if mask is not None:
        return Link(label=f"circuit {mask}", url=addresses.circuit(slug, mask, scope))
    if "alignment" in witness and explanation.algorithm is not None:
        alignment = str(witness["alignment"])
        url = addresses.alignment(slug, explanation.algorithm.id, alignment, scope)
        return Link(label=f"alignment {alignment[:8]}", url=url)
    return None
