"""What recomputed figures are held against: the store, a result file, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, Protocol

from sqlalchemy.orm import Session

from analysis.reverify import Recomputed, Value, smaller_by_one
from app.db.frames import stored_figures
from app.db.reads import algorithms as algorithm_reads
from app.db.reads.directions import find_directions
from app.db.reads.stored_figures import stored_algorithm, stored_alignment, stored_circuit, stored_directions
from app.errors import BadQuery
from app.pages.explanations import Explanation
from app.pages.place import Place
from app.pages.sharing.rejudging import figures_of_one

Source = Literal["store", "result file", "nothing"]


class Against(Protocol):
    """The other side of a verification."""

    @property
    def source(self) -> Source: ...

    def identity(self, place: Place) -> dict[str, Value]:
        """The digests of network, protocol and data that it names."""

    def figures(self, explanation: Explanation, among: int) -> tuple[list[Recomputed], dict[str, Value]]:
        """Further figures recomputed for its sake, and all that it tells of an explanation."""

    def directions(self, place: Place, algorithm: str, alignment: str) -> dict[str, Value]:
        """All that it tells of an alignment on directions and of the algorithm that is aligned."""

    def engine(self, place: Place) -> str:
        """Of what made it, "" where nothing did."""

    def counts(self, place: Place) -> dict[str, Value]:
        """How many explanations of each kind it tells of; empty where it tells of no analysis."""

    def seconds(self, place: Place) -> float | None:
        """What that analysis took, None where nothing is told of one."""


class Store:
    """What the database holds.

    Args:
        session: open session.
    """

    source: Final[Source] = "store"

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

    def figures(self, explanation: Explanation, among: int) -> tuple[list[Recomputed], dict[str, Value]]:
        more, told = figures_of_one(self._session, explanation, among=among)
        return more, {**self._own(explanation), **told}

    def directions(self, place: Place, algorithm: str, alignment: str) -> dict[str, Value]:
        if place.analysis is None:
            return {}
        row = algorithm_reads.find_algorithm(self._session, place.analysis.id, algorithm)
        found = find_directions(self._session, place.analysis.id, algorithm, alignment)
        return {
            **({} if row is None else stored_algorithm(row)),
            **(stored_directions(found[0][0]) if found else {}),
        }

    def engine(self, place: Place) -> str:
        return "" if place.analysis is None else place.analysis.engine_version

    def counts(self, place: Place) -> dict[str, Value]:
        row = place.analysis
        if row is None:
            return {}
        told: dict[str, Value] = {"circuits_possible": row.circuits_possible, "circuits_valid": row.circuits_valid}
        if place.question.data.boolean:
            told |= {
                "interpretations_total": row.interpretations_total,
                "interpretations_observed": row.interpretations_observed,
                "algorithms_candidates": row.algorithms_candidates,
                "algorithms_aligned": row.algorithms_aligned,
                "alignments_valid": row.alignments_valid,
                "alignments_minimal": row.alignments_minimal,
            }
        return told

    def seconds(self, place: Place) -> float | None:
        return None if place.analysis is None else sum(place.analysis.seconds.values())

    def _own(self, explanation: Explanation) -> dict[str, Value]:
        analysis = explanation.place.analysis
        if analysis is None:
            return {}
        if explanation.recorded is not None:
            return {**stored_figures(self._session, analysis.id, explanation.recorded.kind, explanation.ref.first)}
        if explanation.circuit is not None:
            return stored_circuit(self._session, analysis, explanation.circuit)
        if explanation.algorithm is None:
            return {}
        row = algorithm_reads.find_algorithm(self._session, analysis.id, explanation.algorithm.id)
        if row is None:
            return {}
        found = stored_algorithm(row)
        if explanation.alignment is not None:
            kept = algorithm_reads.find_alignment(self._session, row, explanation.alignment.id)
            found |= {} if kept is None else stored_alignment(kept)
        return found


class Nothing:
    """Weights from a file, and nothing that was found about them before."""

    source: Final[Source] = "nothing"

    def identity(self, place: Place) -> dict[str, Value]:
        return {}

    def figures(self, explanation: Explanation, among: int) -> tuple[list[Recomputed], dict[str, Value]]:
        return [], {}

    def directions(self, place: Place, algorithm: str, alignment: str) -> dict[str, Value]:
        return {}

    def engine(self, place: Place) -> str:
        return ""

    def counts(self, place: Place) -> dict[str, Value]:
        return {}

    def seconds(self, place: Place) -> float | None:
        return None


class ResultFile:
    """A result file (``pluriscope-result/1``).

    Args:
        document: as it was read.

    Raises:
        BadQuery: it is no result file.
    """

    source: Final[Source] = "result file"

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

    def counts(self, place: Place) -> dict[str, Value]:
        output = self._output(place.scope.output)
        circuits, read = self._part(output, "circuits"), self._part(output, "interpretations")
        given = {
            "circuits_possible": circuits.get("possible"),
            "circuits_valid": circuits.get("valid"),
            "interpretations_total": read.get("total"),
            "interpretations_observed": read.get("observed"),
            "algorithms_candidates": output.get("candidates"),
        }
        algorithms = output.get("algorithms", [])
        if output.get("candidates_truncated_at") is None and all("valid_alignments" in one for one in algorithms):
            given |= {
                "algorithms_aligned": sum(int(one["valid_alignments"]) > 0 for one in algorithms),
                "alignments_valid": sum(int(one["valid_alignments"]) for one in algorithms),
                "alignments_minimal": sum(int(one["minimal_alignments"]) for one in algorithms),
            }
        of_circuits = ("circuits_possible", "circuits_valid")
        return {
            key: int(value)
            for key, value in given.items()
            if value is not None and (place.question.data.boolean or key in of_circuits)
        }

    def seconds(self, place: Place) -> float | None:
        told = self._part(self._document, "seconds")
        return sum(map(float, told.values())) if told else None

    def figures(self, explanation: Explanation, among: int) -> tuple[list[Recomputed], dict[str, Value]]:
        output = self._output(explanation.place.scope.output)
        if explanation.circuit is not None:
            return [], self._circuit(output, explanation)
        found = next(
            (one for one in output.get("algorithms", []) if one.get("id") == self._algorithm_id(explanation)), None
        )
        return [], {} if found is None else self._algorithm(found, explanation)

    def directions(self, place: Place, algorithm: str, alignment: str) -> dict[str, Value]:
        output = self._output(place.scope.output)
        own = next((one for one in output.get("algorithms", []) if one.get("id") == algorithm), None)
        told = {} if own is None else _told_of_algorithm(own)
        searches = self._part(output, "directions")
        for search in searches.values():
            for one in search.get("algorithms", []):
                for kept in one.get("alignments", []) if one.get("id") == algorithm else ():
                    if kept.get("id") == alignment:
                        return {**told, **_told_of_directions(kept)}
        return told

    @staticmethod
    def _part(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        part = document.get(key)
        return part if isinstance(part, dict) else {}

    @staticmethod
    def _algorithm_id(explanation: Explanation) -> str:
        return "" if explanation.algorithm is None else explanation.algorithm.id

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

    def _algorithm(self, found: Mapping[str, Any], explanation: Explanation) -> dict[str, Value]:
        told = _told_of_algorithm(found)
        if explanation.alignment is None:
            return told
        for one in found.get("alignments", []):
            if one.get("id") == explanation.alignment.id:
                told |= {
                    "alignment": str(one["id"]),
                    "iia": f"{one['iia']['agreed']}/{one['iia']['of']}",
                    "valid": bool(one["valid"]),
                    "minimal": bool(one["minimal"]),
                }
                if one.get("margin") is not None:
                    told["margin"] = float(one["margin"])
        return told


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


def _told_of_directions(kept: Mapping[str, Any]) -> dict[str, Value]:
    """The figures of an alignment on directions as a result file has them."""
    told: dict[str, Value] = {
        "directions": str(kept["id"]),
        "iia": f"{kept['iia']['agreed']}/{kept['iia']['of']}",
        "valid": bool(kept["valid"]),
        "causal_order": bool(kept["causal_order"]),
    }
    if kept.get("joint") is not None:
        told["joint"] = f"{kept['joint']['agreed']}/{kept['joint']['of']}"
    if kept.get("margin") is not None:
        told["margin"] = float(kept["margin"])
    return told
