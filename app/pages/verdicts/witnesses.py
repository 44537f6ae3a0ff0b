"""What shows a verdict, in words: an input, an intervention, a rival explanation as a link."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pydantic import Field

from app.addressing import Addresses
from app.options import Link, PageModel
from app.pages.explanations import Explanation
from app.pages.placements import neurons_label
from app.pages.shared import edge_names

MAX_EDGES: Final = 6  # named one by one


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
    said = (say(witness) for keys, say in _SENTENCES if keys <= witness.keys())
    return WitnessView(
        words=next((words for words in said if words), "") or _smaller(witness, explanation),
        rival=_rival(witness, explanation, addresses),
        data=dict(witness),
    )


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


def _smaller(witness: Mapping[str, Any], explanation: Explanation) -> str:
    """What a smaller valid circuit does without, or how many edges it has; "" if the witness is none."""
    circuit = explanation.circuit
    if circuit is None or not {"mask"} <= witness.keys() <= {"mask", "edge"}:
        return ""
    rival = int(str(witness["mask"]), 16)
    if not rival & ~circuit.mask and rival != circuit.mask:
        gone = edge_names(circuit.layout, circuit.mask & ~rival)
        more = f" and {len(gone) - MAX_EDGES} more" if len(gone) > MAX_EDGES else ""
        return f"without {', '.join(gone[:MAX_EDGES])}{more} it is still a valid circuit"
    if rival.bit_count() < circuit.n_edges:
        return f"a valid circuit with {rival.bit_count()} edges"
    return ""


def _point(values: Sequence[float]) -> str:
    """An input: bits where they are bits, else coordinates."""
    if all(value in (0, 1) for value in values):
        return "input " + "".join(str(int(value)) for value in values)
    return "input (" + ", ".join(f"{value:.4g}" for value in values) + ")"


def _bits(values: Sequence[float]) -> str:
    return _point(values).removeprefix("input ")


def _sites(pairs: Sequence[Sequence[int]]) -> str:
    return neurons_label([(int(layer), int(neuron)) for layer, neuron in pairs]) or "no neuron"


def _outputs(w: Mapping[str, Any]) -> str:
    return f"the circuit puts out {w['circuit']:.4g}, the network {w['network']:.4g}"


def _knockout(w: Mapping[str, Any]) -> str:
    if not all(isinstance(site, (list, tuple)) for site in w["neurons"]):
        return ""
    set_to_0 = "nothing set to 0" if not w["neurons"] else f"{_sites(w['neurons'])} set to 0"
    return f"with {set_to_0}, on {_point(w['input'])} {_outputs(w)}"


def _patched_each(w: Mapping[str, Any]) -> str:
    carried = ", ".join(f"n{s['layer']}.{s['neuron']} as on {_bits(s['source'])}" for s in w["sources"])
    carried = carried or "no absent neuron changed"
    return f"on {_point(w['input'])} with {carried} it puts out {w['output']:.4g} instead of {w['label']}"


def _joint(w: Mapping[str, Any]) -> str:
    if not isinstance(w["sources"], Mapping):
        return ""
    carried = ", ".join(f"variable {path or 'root'} as on {_bits(source)}" for path, source in w["sources"].items())
    with_these = f" with {carried}" if carried else ""
    return f"on base {_bits(w['base'])}{with_these}: {w['expected']} expected, {w['output']:.4g} put out"


def _carried_values(w: Mapping[str, Any]) -> str:
    carried = ", ".join(f"n{v['layer']}.{v['neuron']} = {v['value']:.4g}" for v in w["values"])
    return f"on {_point(w['input'])} with {carried} it does not decide {w['label']}"


def _interchange(w: Mapping[str, Any]) -> str:
    sites = _sites([[w["layer"], neuron] for neuron in w["neurons"]])
    return (
        f"{_bits(w['base'])} ← {_bits(w['source'])} on {sites} (variable {w['variable']}): "
        f"the network puts out {w['output']:.4g}"
    )


def _predicted(w: Mapping[str, Any]) -> str:
    return (
        f"{_bits(w['base'])} ← {_bits(w['source'])} on {_sites(w['patched'])}: predicts {w['predicted']}, "
        f"the network puts out {w['output']:.4g}"
    )


def _ablated(w: Mapping[str, Any]) -> str:
    source = f", absent edges as on {_bits(w['source'])}" if "source" in w else ""
    kind = f" under {w['ablation']} ablation" if "ablation" in w else ""
    return f"on {_point(w['input'])}{source}{kind} it puts out {w['output']:.4g} instead of {w['label']}"


def _chance(w: Mapping[str, Any]) -> str:
    return f"by chance at best {w['best_by_chance']} of {w['of']}, at the percentile {w['percentile']}"


_SENTENCES: Final[tuple[tuple[frozenset[str], Callable[[Mapping[str, Any]], str]], ...]] = (
    (frozenset({"neurons", "input", "circuit", "network"}), _knockout),
    (frozenset({"sources", "input", "label", "output"}), _patched_each),
    (frozenset({"values", "input", "label"}), _carried_values),
    (frozenset({"sources", "base", "expected", "output"}), _joint),
    (frozenset({"patched", "source", "base", "predicted", "output"}), _predicted),
    (frozenset({"variable", "layer", "neurons", "source", "base", "output"}), _interchange),
    (frozenset({"best_by_chance", "of", "percentile"}), _chance),
    (
        frozenset({"centre", "input", "circuit", "network"}),
        lambda w: f"near {_bits(w['centre'])}, on {_point(w['input'])} {_outputs(w)}",
    ),
    (frozenset({"input", "circuit", "network"}), lambda w: f"on {_point(w['input'])} {_outputs(w)}"),
    (frozenset({"input", "output", "label"}), lambda w: "" if "sources" in w else _ablated(w)),
    (frozenset({"centre"}), lambda w: f"around {_bits(w['centre'])}"),
)
"""What a witness with these entries says; the first that fits says it. Of others the reason says all."""
