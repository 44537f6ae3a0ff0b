"""What is stored of one explanation, figure by figure, to be held against the weights."""

from __future__ import annotations

from sqlalchemy.orm import Session

from analysis.networks.circuit import Circuit
from analysis.reverify import Value, smaller_by_one
from app.db.direction_tables import DirectionRow
from app.db.reads.circuits import circuits_at, is_stored, locate_mask
from app.db.tables import AlgorithmRow, AlignmentRow, AnalysisRow


def lists_every_valid_circuit(analysis: AnalysisRow) -> bool:
    """Whether the stored circuits are all valid ones, so that absence is a verdict too."""
    return (
        analysis.circuits_method != "estimated"
        and analysis.circuits_truncated_at is None
        and analysis.circuits_listed == analysis.circuits_valid
    )


def stored_circuit(session: Session, analysis: AnalysisRow, circuit: Circuit) -> dict[str, Value]:
    """The figures of a circuit that an analysis holds; of one that it does not hold, that it is not valid.

    Args:
        analysis: the stored analysis.
        circuit: one of its network.
    """
    whole = lists_every_valid_circuit(analysis)
    position = _position(session, analysis.id, circuit)
    if position is None:
        return {"valid": False} if whole else {}
    row = circuits_at(session, analysis, [position])[0]
    found: dict[str, Value] = {
        "mask": row.mask,
        "valid": True,
        "edges": row.n_edges,
        "neurons": row.n_neurons,
        "margin": row.margin,
    }
    counted = analysis.interpretations_truncated_at
    if counted is None or position < counted:
        found |= {"interpretations": row.interpretations, "observed": row.observed}
    if whole:
        smaller = smaller_by_one(circuit)
        found["valid_without_one_edge"] = sum(is_stored(session, analysis.id, one.hex) for one in smaller)
    return found


def stored_algorithm(row: AlgorithmRow) -> dict[str, Value]:
    """The figures of an algorithm's row."""
    verdicts = ("irredundant_gates", "irredundant_functions", "irredundant_literals")
    return {
        "algorithm": row.algorithm_id,
        "formula": row.formula,
        "depth": row.depth,
        "n_gates": row.n_gates,
        "n_variables": row.n_variables,
        **{name: bool(value) for name in verdicts if (value := getattr(row, name)) is not None},
        "valid_alignments": row.n_valid,
        "minimal_alignments": row.n_minimal,
    }


def stored_alignment(row: AlignmentRow) -> dict[str, Value]:
    """The figures of an alignment's row."""
    return {
        "alignment": row.alignment_id,
        "iia": f"{row.agreed}/{row.of}",
        "valid": row.valid,
        "minimal": row.minimal,
        **({} if row.margin is None else {"margin": row.margin}),
        "alignment_neurons": row.n_neurons,
    }


def _position(session: Session, analysis_id: int, circuit: Circuit) -> int | None:
    """Where a circuit stands in the order of masks, None if it is not stored."""
    position, found = locate_mask(session, analysis_id, circuit.hex)
    return position if found else None


def stored_directions(row: DirectionRow) -> dict[str, Value]:
    """The figures of a row that keeps an alignment on directions."""
    told: dict[str, Value] = {
        "directions": row.alignment_id,
        "iia": f"{row.agreed}/{row.of}",
        "valid": row.valid,
        "causal_order": row.causal_order,
    }
    if row.joint_agreed is not None:
        told["joint"] = f"{row.joint_agreed}/{row.joint_of}"
    if row.margin is not None:
        told["margin"] = row.margin
    return told
