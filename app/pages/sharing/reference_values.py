"""What recomputed figures are held against: the store, a result file, or nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sqlalchemy.orm import Session

from analysis.reverify import Value, smaller_by_one
from app.db.directions import find_direction_row
from app.db.reads import algorithms as algorithm_reads
from app.db.reads.stored_figures import stored_algorithm, stored_alignment, stored_circuit, stored_directions
from app.db.recorded import stored_figures
from app.errors import BadQuery
from app.pages.explanations import Explanation
from app.pages.place import Place

Source = Literal["store", "result file", "nothing"]


class Against:
    """The other side of a verification: weights from a file, and nothing that was found about them before."""

    source: Source = "nothing"

    def identity(self, place: Place) -> dict[str, Value]:
        """The digests of network, protocol and data that it names."""
        return {}

    def figures(self, explanation: Explanation) -> dict[str, Value]:
        """All that it tells of an explanation."""
        return {}

    def engine(self, place: Place) -> str:
        """Of what made it, "" where nothing did."""
        return ""


class Store(Against):
    """What the database holds.

    Args:
        session: open session.
    """

    source = "store"

    def __init__(self, session: Session) -> None:
        self._session = session

    def identity(self, place: Place) -> dict[str, Value]:
        told: dict[str, Value] = {"network_digest": place.row.digest}
        if place.analysis is not None:
            told |= {
                "protocol_digest": place.analysis.protocol_digest,
                "data_digest": place.analysis.data_digest,
            }
        return told

    def engine(self, place: Place) -> str:
        return "" if place.analysis is None else place.analysis.engine_version

    def figures(self, explanation: Explanation) -> dict[str, Value]:
        analysis = explanation.place.analysis
        if analysis is None:
            return {}
        if explanation.recorded is not None:
            return {**stored_figures(self._session, analysis, explanation.recorded, explanation.ref.first)}
        if explanation.circuit is not None:
            return stored_circuit(self._session, analysis, explanation.circuit)
        if explanation.algorithm is None:
            return {}
        row = algorithm_reads.find_algorithm(self._session, analysis.id, explanation.algorithm.id)
        found = {} if row is None else stored_algorithm(row)
        if explanation.directions is not None:
            named = explanation.algorithm.id, explanation.directions.id
            directions = find_direction_row(self._session, analysis.id, *named)
            found |= {} if directions is None else stored_directions(directions)
        if row is not None and explanation.alignment is not None:
            kept = algorithm_reads.find_alignment(self._session, row, explanation.alignment.id)
            found |= {} if kept is None else stored_alignment(kept)
        return found


class ResultFile(Against):
    """A result file (``pluriscope-result/1``).

    Args:
        document: as it was read.

    Raises:
        BadQuery: it is no result file.
    """

    source = "result file"

    def __init__(self, document: Any) -> None:
        whole = isinstance(document, dict) and document.get("format") == "pluriscope-result/1"
        if not whole or not isinstance(document.get("outputs"), list):
            raise BadQuery("result file", "is no pluriscope-result/1", "write one with pluriscope analyse", "result")
        self._document: Mapping[str, Any] = document

    def identity(self, place: Place) -> dict[str, Value]:
        told: dict[str, Value] = {"network_digest": str(self._document.get("network", ""))}
        for key in ("protocol", "data"):
            digest = self._part(self._document, key).get("digest")
            if isinstance(digest, str):
                told[f"{key}_digest"] = digest
        return told

    def engine(self, place: Place) -> str:
        return str(self._document.get("engine", ""))

    def figures(self, explanation: Explanation) -> dict[str, Value]:
        output = self._output(explanation.place.scope.output)
        return (self._aligned if explanation.circuit is None else self._circuit)(output, explanation)

    @staticmethod
    def _part(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        part = document.get(key)
        return part if isinstance(part, dict) else {}

    def _output(self, number: int) -> Mapping[str, Any]:
        """The part about one output; one without a number is the only one there is."""
        outputs = [one for one in self._document["outputs"] if isinstance(one, dict)]
        for position, one in enumerate(outputs):
            if one.get("output", position) == number:
                return one
        raise BadQuery(f"result file about output {number}", "says nothing of it", "give the file of that output")

    def _circuit(self, output: Mapping[str, Any], explanation: Explanation) -> dict[str, Value]:
        circuits, read = self._part(output, "circuits"), self._part(output, "interpretations")
        masks, circuit = circuits.get("masks"), explanation.circuit
        if not isinstance(masks, list) or circuit is None:
            return {}
        listed = set(masks)
        whole = circuits.get("exhaustive") is True and circuits.get("method", "listed") != "estimated"
        whole = whole and str(circuits.get("valid")) == str(len(listed))
        if circuit.hex not in listed:
            return {"valid": False} if whole else {}
        told: dict[str, Value] = {"mask": circuit.hex, "valid": True}
        by_circuit = self._part(read, "by_circuit")
        if read.get("exhaustive") is True and circuit.hex in by_circuit:
            told["interpretations"] = int(by_circuit[circuit.hex])
        if whole:
            told["valid_without_one_edge"] = sum(one.hex in listed for one in smaller_by_one(circuit))
        return told

    def _aligned(self, output: Mapping[str, Any], explanation: Explanation) -> dict[str, Value]:
        """What the file says of an algorithm, and of its alignment if the explanation is one."""
        algorithm, alignment = explanation.algorithm, explanation.alignment or explanation.directions
        if algorithm is None:
            return {}
        own = _with_id(output.get("algorithms", []), algorithm.id)
        told = {} if own is None else _told_of_algorithm(own)
        if alignment is None:
            return told
        searches = [output] if explanation.alignment else self._part(output, "directions").values()
        aligned = [_with_id(search.get("algorithms", []), algorithm.id) for search in searches]
        kept = [_with_id(one.get("alignments", []), alignment.id) for one in aligned if one is not None]
        first = next((one for one in kept if one is not None), None)
        return told if first is None else told | _told_of_alignment(first)


def _with_id(documents: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    return next((one for one in documents if one.get("id") == name), None)


def _told_of_algorithm(found: Mapping[str, Any]) -> dict[str, Value]:
    """The figures of an algorithm as a result file has them."""
    told: dict[str, Value] = {"algorithm": str(found["id"]), "formula": str(found.get("formula", ""))}
    irredundant = found.get("irredundant")
    for key, passed in irredundant.items() if isinstance(irredundant, dict) else ():
        told[f"irredundant_{key.removeprefix('irredundant-')}"] = bool(passed)
    for key, name in (("valid_alignments", "valid"), ("minimal_alignments", "minimal")):
        if name in found:
            told[key] = int(found[name])
    return told


def _told_of_alignment(kept: Mapping[str, Any]) -> dict[str, Value]:
    """The figures of an alignment as a result file has them; ``at`` is there on directions alone."""
    name = "directions" if "at" in kept else "alignment"
    told: dict[str, Value] = {name: str(kept["id"])}
    told |= {key: _share(kept[key]) for key in ("iia", "joint") if kept.get(key) is not None}
    told |= {key: bool(kept[key]) for key in ("valid", "minimal", "causal_order") if key in kept}
    return told if kept.get("margin") is None else {**told, "margin": float(kept["margin"])}


def _share(fraction: Mapping[str, Any]) -> str:
    return f"{fraction['agreed']}/{fraction['of']}"
