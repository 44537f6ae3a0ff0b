"""Saves that may be repeated: identity is content, so saving the same thing again changes nothing."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final
from typing import Protocol as Interface

import numpy as np
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from analysis import ENGINE_VERSION
from analysis.data import DataRecord
from analysis.digest import canonical_json, sha256_hex
from analysis.networks.files import slug_of
from analysis.networks.network import Network
from analysis.protocol import Protocol
from analysis.result import AlgorithmResult, OutputAnalysis
from analysis.tasks import Task
from app.db.codecs import data_to_bytes, parameters_to_bytes, places_to_json, tasks_of, tasks_to_json
from app.db.distributions import active_neurons, distributions_of, kept_edges
from app.db.errors import Conflict, NotFound
from app.db.reads.analyses import analysis_by_key, network_by_digest
from app.db.tables import (
    AlgorithmRow,
    AlignmentRow,
    AnalysisRow,
    Base,
    CircuitRow,
    DataRow,
    JobRow,
    NetworkRow,
    ProtocolRow,
    ScoreRow,
)

ROWS_PER_STATEMENT: Final = 10_000
PAIR_CRITERION: Final = {"ordered": "both-directions", "one_direction": "one-direction"}


class NamedNetwork(Interface):
    """What a network file holds: a network, its name and what its outputs should compute."""

    @property
    def name(self) -> str: ...
    @property
    def network(self) -> Network: ...
    @property
    def tasks(self) -> tuple[Task, ...]: ...
    @property
    def attribution(self) -> str: ...


def save_network(
    session: Session,
    file: NamedNetwork,
    *,
    slug: str = "",
    origin: str = "uploaded",
    training: Mapping[str, Any] | None = None,
    position: int = 1000,
    rename: bool = False,
    now: datetime | None = None,
) -> NetworkRow:
    """Store a network, once.

    Args:
        session: of the writer.
        file: the network with its name, tasks and attribution.
        slug: its name in addresses, "" for one made of its name; digits of the digest follow if another has it.
        origin: "bundled", "trained" or "uploaded".
        training: options and outcome, if it was trained here.
        position: its place in the gallery.
        rename: whether a network that is stored already takes the new name; else nothing changes.
        now: time of the save, the present if not given.

    Raises:
        Conflict: it is stored already for other tasks; its analyses were made for those.
    """
    network = file.network
    row = network_by_digest(session, network.digest)
    if row is not None:
        if [t.truth_table for t in tasks_of(row)] != [t.truth_table for t in file.tasks]:
            raise Conflict(
                f"network {file.name!r}",
                f"is stored as {row.slug!r} for other tasks ({', '.join(t.name or 'unnamed' for t in tasks_of(row))})",
                "delete that network first, or give the same tasks",
            )
        if rename:
            row.name = file.name
        return row
    row = NetworkRow(
        digest=network.digest,
        slug=_free_slug(session, slug or slug_of(file.name), network.digest),
        name=file.name,
        sizes=list(network.sizes),
        activation=network.activation,
        output_activation=network.output_activation,
        negative_slope=network.negative_slope,
        parameters=parameters_to_bytes(network),
        tasks=tasks_to_json(file.tasks),
        origin=origin,
        attribution=file.attribution,
        training=dict(training or {}),
        position=position,
        created_at=now or datetime.now(UTC),
    )
    session.add(row)
    session.flush()
    return row


def _free_slug(session: Session, wanted: str, digest: str) -> str:
    for slug in (wanted, *(f"{wanted}-{digest[:n]}" for n in (6, 12))):
        if session.scalar(select(NetworkRow.id).where(NetworkRow.slug == slug)) is None:
            return slug
    return digest  # a slug as good as any: it names this network and no other


def save_protocol(session: Session, protocol: Protocol) -> ProtocolRow:
    """Store a protocol's settings, once; the name it first came with stays."""
    row = session.get(ProtocolRow, protocol.digest)
    if row is None:
        settings = protocol.model_dump(mode="json", exclude={"name"})
        row = ProtocolRow(digest=protocol.digest, name=protocol.name, settings=settings)
        session.add(row)
        session.flush()
    return row


def save_data_record(session: Session, record: DataRecord) -> DataRow | None:
    """Store a data record, once; None for the default, which every network has without a row."""
    if record.is_clean:
        return None
    row = session.get(DataRow, record.digest)
    if row is None:
        row = DataRow(digest=record.digest, description=record.description, record=data_to_bytes(record))
        session.add(row)
        session.flush()
    return row


def save_analysis(
    session: Session,
    analysis: OutputAnalysis,
    *,
    engine_version: str = ENGINE_VERSION,
    now: datetime | None = None,
) -> AnalysisRow:
    """Store one analysis in the session's transaction.

    The same result again changes nothing, timings included; another result for the same network, output, protocol and
    data (a newer engine's, say) replaces the old one whole.

    Raises:
        NotFound: its network is not stored.
    """
    network = network_by_digest(session, analysis.network.digest)
    if network is None:
        digest = analysis.network.digest[:12]
        raise NotFound(f"network {digest}", "is not stored", "save the network before its analyses")
    digest = result_digest(analysis, engine_version)
    old = analysis_by_key(session, network.id, analysis.output, analysis.protocol.digest, analysis.data.digest)
    if old is not None:
        if old.result_digest == digest:
            return old
        _delete_analyses(session, [old.id])
    save_protocol(session, analysis.protocol)
    save_data_record(session, analysis.data)
    row = _analysis_row(analysis, network, digest, engine_version, now or datetime.now(UTC))
    session.add(row)
    session.flush()
    _insert(session, CircuitRow, _circuit_rows(analysis, row.id))
    _insert(session, AlgorithmRow, _algorithm_rows(analysis, row.id))
    numbered = select(AlgorithmRow.algorithm_id, AlgorithmRow.id).where(AlgorithmRow.analysis_id == row.id)
    ids = dict(session.execute(numbered).all())
    _insert(session, AlignmentRow, _alignment_rows(analysis, row.id, ids))
    _insert(session, ScoreRow, _score_rows(analysis, row.id))
    return row


def delete_network(session: Session, row: NetworkRow) -> None:
    """Delete a network with its analyses and jobs, so that saving it again starts afresh; protocols and data stay."""
    digest = row.digest
    for job in session.scalars(select(JobRow).where(JobRow.kind == "train")):
        if digest in job.result.get("networks", []):
            session.delete(job)
    session.execute(delete(JobRow).where(JobRow.network_digest == digest))
    _delete_analyses(session, session.scalars(select(AnalysisRow.id).where(AnalysisRow.network_id == row.id)).all())
    session.execute(delete(NetworkRow).where(NetworkRow.id == row.id))
    session.expire_all()


def _delete_analyses(session: Session, ids: Sequence[int]) -> None:
    """Delete analyses; the database's own cascades take their rows."""
    session.execute(delete(AnalysisRow).where(AnalysisRow.id.in_(ids)).execution_options(synchronize_session="fetch"))


def result_digest(analysis: OutputAnalysis, engine_version: str = ENGINE_VERSION) -> str:
    """SHA-256 of everything found, timings apart: equal runs of one engine have equal digests."""
    circuits, counts, search = analysis.circuits, analysis.interpretations, analysis.algorithms
    head = {
        "engine": engine_version,
        "network": analysis.network.digest,
        "output": analysis.output,
        "truth_table": list(analysis.task.truth_table),
        "protocol": analysis.protocol.digest,
        "data": analysis.data.digest,
        "possible": circuits.possible,
        "circuits_truncated_at": circuits.truncated_at,
        "candidates": search.n_candidates,
        "candidates_truncated_at": search.truncated_at,
        "criteria": _criteria_json(analysis),
        "algorithms": [_algorithm_content(result) for result in search.algorithms],
    }
    if circuits.method != "listed":
        told = [circuits.method, str(circuits.count), [str(end) for end in circuits.interval or ()]]
        head["circuits_told"] = told
    parts = [
        circuits.masks.astype("<u8").tobytes(),
        (circuits.outputs + 0.0).astype("<f8").tobytes(),
        circuits.margins.astype("<f8").tobytes(),
        ",".join(map(str, counts.by_circuit)).encode(),
        ",".join(map(str, counts.observed_by_circuit)).encode(),
    ]
    return sha256_hex(canonical_json(head), *(part for blob in parts for part in (b"\n", blob)))


def _algorithm_content(result: AlgorithmResult) -> list[Any]:
    alignments = [[s.alignment.id, s.iia.agreed, s.iia.of, s.minimal, _finite(s.margin)] for s in result.alignments]
    verdicts = dict(sorted(result.irredundant.items()))
    return [result.algorithm.text, result.n_valid, result.n_minimal, result.truncated_at, verdicts, alignments]


def _finite(margin: float) -> float | None:
    return float(margin) if math.isfinite(margin) else None


def _criteria_json(analysis: OutputAnalysis) -> dict[str, dict[str, int]]:
    """Tallies as result files write them (spec §6)."""
    return {
        key: {
            "passed": tally.passed,
            "failed": tally.failed,
            "undecided": tally.undecided,
            "not_applicable": tally.not_applicable,
            "of": tally.of,
        }
        for key, tally in analysis.criteria.items()
    }


def _analysis_row(
    analysis: OutputAnalysis, network: NetworkRow, digest: str, engine_version: str, now: datetime
) -> AnalysisRow:
    circuits, search = analysis.circuits, analysis.algorithms
    return AnalysisRow(
        network=network,
        output=analysis.output,
        protocol_digest=analysis.protocol.digest,
        data_digest=analysis.data.digest,
        engine_version=engine_version,
        result_digest=digest,
        circuits_possible=circuits.possible,
        circuits_valid=circuits.n_valid,
        circuits_truncated_at=circuits.truncated_at,
        interpretations_total=analysis.interpretations.total,
        interpretations_observed=analysis.interpretations.observed,
        algorithms_candidates=search.n_candidates,
        algorithms_truncated_at=search.truncated_at,
        algorithms_aligned=search.n_aligned,
        alignments_valid=search.n_valid_alignments,
        alignments_minimal=search.n_minimal_alignments,
        exhaustive=analysis.exhaustive,
        criteria=_criteria_json(analysis),
        distributions=distributions_of(analysis),
        seconds=dict(analysis.seconds),
        provenance={"numpy": np.__version__, "python": platform.python_version()},
        created_at=now,
    )


def _insert(session: Session, table: type[Base], rows: Iterator[dict[str, Any]]) -> None:
    """Insert in bulk, some thousands of rows a statement, so that memory stays bounded."""
    connection = session.connection()
    while chunk := list(islice(rows, ROWS_PER_STATEMENT)):
        connection.execute(insert(table), chunk)


def _circuit_rows(analysis: OutputAnalysis, analysis_id: int) -> Iterator[dict[str, Any]]:
    circuits, counts = analysis.circuits, analysis.interpretations
    layout = circuits.layout
    for start in range(0, circuits.n_listed, ROWS_PER_STATEMENT):
        part = slice(start, start + ROWS_PER_STATEMENT)
        masks = circuits.masks[part]
        columns = zip(
            masks.tolist(),
            kept_edges(layout, masks).sum(axis=1).tolist(),
            active_neurons(layout, masks).sum(axis=1).tolist(),
            circuits.margins[part].tolist(),
            circuits.outputs[part],
            counts.by_circuit[part],
            counts.observed_by_circuit[part],
            strict=True,
        )
        for mask, n_edges, n_neurons, margin, outputs, interpretations, observed in columns:
            yield {
                "analysis_id": analysis_id,
                "mask": layout.to_hex(mask),
                "n_edges": n_edges,
                "n_neurons": n_neurons,
                "margin": margin,
                "outputs": outputs,
                "interpretations": interpretations,
                "observed": observed,
            }


def _algorithm_rows(analysis: OutputAnalysis, analysis_id: int) -> Iterator[dict[str, Any]]:
    for position, result in enumerate(analysis.algorithms.algorithms):
        algorithm = result.algorithm
        best = max((s.iia for s in result.alignments), key=lambda iia: iia.value, default=None)
        yield {
            "analysis_id": analysis_id,
            "algorithm_id": algorithm.id,
            "position": position,
            "form": algorithm.form,
            "text": algorithm.text,
            "formula": algorithm.formula,
            "depth": algorithm.depth,
            "n_gates": algorithm.n_gates,
            "n_variables": len(algorithm.variables),
            "irredundant_gates": result.irredundant.get("irredundant-gates"),
            "irredundant_functions": result.irredundant.get("irredundant-functions"),
            "irredundant_literals": result.irredundant.get("irredundant-literals"),
            "n_valid": result.n_valid,
            "n_minimal": result.n_minimal,
            "n_kept": len(result.alignments),
            "truncated_at": result.truncated_at,
            "best_agreed": best.agreed if best else None,
            "best_of": best.of if best else None,
        }


def _alignment_rows(
    analysis: OutputAnalysis, analysis_id: int, algorithm_rows: Mapping[str, int]
) -> Iterator[dict[str, Any]]:
    for result in analysis.algorithms.algorithms:
        for scored in result.alignments:
            yield {
                "analysis_id": analysis_id,
                "algorithm_row_id": algorithm_rows[result.algorithm.id],
                "alignment_id": scored.alignment.id,
                "places": places_to_json(scored.alignment),
                "agreed": scored.iia.agreed,
                "of": scored.iia.of,
                "iia": scored.iia.value,
                "valid": scored.valid,
                "minimal": scored.minimal,
                "n_neurons": scored.alignment.n_neurons,
                "margin": _finite(scored.margin),
            }


def _score_rows(analysis: OutputAnalysis, analysis_id: int) -> Iterator[dict[str, Any]]:
    """The verdicts that the search itself yields: interchange over the protocol's pairs, and minimality."""
    pairs = PAIR_CRITERION[analysis.protocol.interchange_pairs]
    for result in analysis.algorithms.algorithms:
        for scored in result.alignments:
            subject = {
                "analysis_id": analysis_id,
                "kind": "alignment",
                "subject": f"{result.algorithm.id}/{scored.alignment.id}",
            }
            yield {
                **subject,
                "criterion": pairs,
                "verdict": "passed" if scored.valid else "failed",
                "value": scored.iia.value,
                "numerator": scored.iia.agreed,
                "denominator": scored.iia.of,
            }
            yield {
                **subject,
                "criterion": "minimal-alignment",
                "verdict": "passed" if scored.minimal else "failed",
                "value": None,
                "numerator": None,
                "denominator": None,
            }
