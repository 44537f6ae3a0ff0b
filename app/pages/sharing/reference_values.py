"""What recomputed figures are held against: the store, a result file, or nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from sqlalchemy.orm import Session

from analysis.criteria.criterion import Criterion
from analysis.experiments import ask_network, standing_of
from analysis.reverify import Recomputed, Value, smaller_by_one
from app.db.frames import stored_figures
from app.db.reads import algorithms as algorithm_reads
from app.db.reads import common_ground as grounds
from app.db.reads.directions import find_directions
from app.db.reads.stored_figures import stored_algorithm, stored_alignment, stored_circuit, stored_directions
from app.db.reads.verdicts import StoredVerdict
from app.db.tables import AnalysisRow
from app.errors import BadQuery
from app.pages.explanations import Explanation
from app.pages.place import Place
from app.pages.verdicts.on_the_spot import Judged, judge_on_the_spot
from app.pages.verdicts.page import stored_verdicts

Source = Literal["store", "result file", "nothing"]


class Against:
    """The other side of a verification: weights from a file, and nothing that was found about them before."""

    source: Source = "nothing"

    def identity(self, place: Place) -> dict[str, Value]:
        """The digests of network, protocol and data that it names."""
        return {}

    def figures(self, explanation: Explanation, among: int) -> tuple[list[Recomputed], dict[str, Value]]:
        """Further figures recomputed for its sake, and all that it tells of an explanation."""
        return [], {}

    def engine(self, place: Place) -> str:
        """Of what made it, "" where nothing did."""
        return ""

    def counts(self, place: Place) -> dict[str, Value]:
        """How many explanations of each kind it tells of; empty where it tells of no analysis."""
        return {}

    def seconds(self, place: Place) -> float | None:
        """What that analysis took, None where that is not known."""
        return None


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

    def figures(self, explanation: Explanation, among: int) -> tuple[list[Recomputed], dict[str, Value]]:
        more, told = figures_of_one(self._session, explanation, among=among)
        return more, {**self._own(explanation), **told}

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
            return {**stored_figures(self._session, analysis.id, explanation.recorded, explanation.ref.first)}
        if explanation.circuit is not None:
            return stored_circuit(self._session, analysis, explanation.circuit)
        if explanation.algorithm is None:
            return {}
        row = algorithm_reads.find_algorithm(self._session, analysis.id, explanation.algorithm.id)
        found = {} if row is None else stored_algorithm(row)
        if explanation.directions is not None:
            searched = find_directions(self._session, analysis.id, explanation.algorithm.id, explanation.directions.id)
            found |= stored_directions(searched[0][0]) if searched else {}
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
        return [], self._aligned(output, explanation)

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


# --- stored verdicts of criteria, and a stored place on the common ground, held against the weights where that is
# cheap
#
# What a verdict page computes within its budget is computed here too, and each outcome is held against the stored one.
# What is not computed says why: settings other than the default ones, budgets, searches over all other explanations.


MAX_INTERVENTIONS: Final = 300_000

Figures = tuple[list[Recomputed], dict[str, Value]]
_UNDECIDED: Final = "a budget ended one of the two; neither contradicts the other"


def verdict_figures(session: Session, explanation: Explanation, *, among: int = 1) -> Figures:
    """Every stored verdict of an explanation with the one that the weights give now.

    Args:
        explanation: of any kind; interpretations have no stored verdicts of their own.
        among: explanations that share the time of one.
    """
    stored = stored_verdicts(session, explanation)
    if not stored:
        return [], {}
    wanted = {one.step.key for one in stored if not one.step.changed}
    judged = {
        one.criterion.key: one
        for one in judge_on_the_spot(session, explanation, clock=lambda: time.monotonic() * among)
        if one.criterion.key in wanted
    }
    figures: list[Recomputed] = []
    told: dict[str, Value] = {}
    for one in stored:
        figures += _beside(one, judged.get(one.step.key), told)
    return figures, told


def _beside(stored: StoredVerdict, judged: Judged | None, told: dict[str, Value]) -> list[Recomputed]:
    """One verdict: its outcome, and its score where there is one on both sides."""
    key, label = f"criterion {stored.step}", f"Verdict: {_label(stored.step.criterion)}"
    told[key] = stored.outcome.replace("_", " ")
    if stored.step.changed or judged is None:
        return [Recomputed(key, f"{label} ({stored.step})", None, "with settings of its own, which a worker computes")]
    verdict = judged.verdict
    if verdict is None:
        return [Recomputed(key, label, None, judged.why_not)]
    if "undecided" in (stored.outcome, verdict.outcome) and stored.outcome != verdict.outcome:
        return [Recomputed(key, label, None, _UNDECIDED)]
    figures = [Recomputed(key, label, verdict.outcome.replace("_", " "), verdict.reason)]
    if stored.numerator is not None and verdict.numerator is not None:
        told[f"{key} score"] = f"{stored.numerator}/{stored.denominator}"
        figures.append(Recomputed(f"{key} score", f"{label}, share", f"{verdict.numerator}/{verdict.denominator}"))
    elif stored.score is not None and verdict.score is not None:
        told[f"{key} score"] = stored.score
        figures.append(Recomputed(f"{key} score", f"{label}, score", float(verdict.score)))
    return figures


def _label(criterion: Criterion) -> str:
    return criterion.label[:1].lower() + criterion.label[1:]


def ground_figures(session: Session, explanation: Explanation) -> Figures:
    """Coverage and accuracy of an explanation beside those stored of it, if it predicts anything."""
    analysis = explanation.place.analysis
    row = None if analysis is None else grounds.common_ground_of(session, analysis)
    if analysis is None or row is None or explanation.kind not in ("interpretation", "alignment"):
        return [], {}
    found = _stored_point(session, analysis, explanation)
    if isinstance(found, str):
        return [Recomputed("coverage", "Coverage", None, found)], {"coverage": "surveyed"}
    if row.n_interventions > MAX_INTERVENTIONS:
        why = f"{row.n_interventions:,} interventions are more than are run on the spot"
        return [Recomputed("coverage", "Coverage", None, why)], _told(found, row.n_interventions)
    space, answers = ask_network(explanation.place.question)
    standing = standing_of(explanation.predictions(space), answers)
    figures = [Recomputed("coverage", "Coverage", f"{standing.predicted}/{standing.of}", "interventions predicted")]
    if standing.predicted:
        share = f"{standing.right}/{standing.predicted}"
        figures.append(Recomputed("accuracy", "Accuracy", share, "of these, predicted right"))
    return figures, _told(found, row.n_interventions)


def _told(found: tuple[int, int], interventions: int) -> dict[str, Value]:
    predicted, right = found
    told: dict[str, Value] = {"coverage": f"{predicted}/{interventions}"}
    return told | ({"accuracy": f"{right}/{predicted}"} if predicted else {})


def _stored_point(session: Session, analysis: AnalysisRow, explanation: Explanation) -> tuple[int, int] | str:
    """How many interventions it predicts, and how many right, as stored; or why that is not told."""
    row = grounds.common_ground_of(session, analysis)
    if row is None:
        return "the common ground has not been surveyed"
    if explanation.circuit is not None and explanation.interpretation is not None:
        for point in grounds.points_of(session, row, explanation.circuit.mask, interpreted=True):
            if point.index == explanation.interpretation.index:
                return point.predicted, point.right
        return "the survey keeps one interpretation of each class, and this is not one that was found there"
    if explanation.algorithm is None or explanation.alignment is None:
        return "it predicts nothing"
    owner = algorithm_reads.find_algorithm(session, analysis.id, explanation.algorithm.id)
    if owner is None or algorithm_reads.find_alignment(session, owner, explanation.alignment.id) is None:
        return "it is not stored"
    for point in grounds.points_of(session, row, owner.position, interpreted=False):
        if point.member == int(explanation.alignment.id, 16):
            return point.predicted, point.right
    return (0, 0) if row.alignments_kept == row.n_alignments else "the survey left some alignments out"


def figures_of_one(
    session: Session, explanation: Explanation, *, among: int = 1
) -> tuple[list[Recomputed], Mapping[str, Value]]:
    """Verdicts and standing together."""
    verdicts, told = verdict_figures(session, explanation, among=among)
    standing, also = ground_figures(session, explanation)
    return [*verdicts, *standing], told | also
