"""What is stored of one explanation, by the names of its record, to be held against what the weights give."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from analysis.networks.circuit import Circuit
from app.db.reads.circuits import find_circuit
from app.db.tables import AlgorithmRow, AlignmentRow, AnalysisRow, DirectionRow


def stored_circuit(session: Session, analysis: AnalysisRow, circuit: Circuit) -> dict[str, Any]:
    """The figures of a circuit that an analysis holds; of one that it does not hold, that it is not valid.

    Args:
        analysis: the stored analysis.
        circuit: one of its network.
    """
    row = find_circuit(session, analysis.id, circuit.hex)
    if row is None:  # absence is a verdict where the stored circuits are all valid ones
        whole = analysis.circuits_method != "estimated" and analysis.circuits_truncated_at is None
        return {"valid": False} if whole and analysis.circuits_listed == analysis.circuits_valid else {}
    told = {"valid": True, "n_edges": row.edges, "n_neurons": row.neurons, "margin": row.margin}
    counted = analysis.interpretations_truncated_at
    if counted is None or row.position < counted:
        told |= {"interpretations": row.interpretations, "observed": row.observed}
    return told


def stored_algorithm(row: AlgorithmRow) -> dict[str, Any]:
    """The figures of an algorithm's row."""
    return {"algorithm": row.algorithm_id, "formula": row.formula, "depth": row.depth, "n_gates": row.n_gates}


def stored_alignment(row: AlignmentRow) -> dict[str, Any]:
    """The figures of an alignment's row."""
    told = {name: getattr(row, name) for name in ("agreed", "valid", "minimal", "margin")}
    return {"alignment": row.alignment_id, "tested": row.of} | told


def stored_directions(row: DirectionRow) -> dict[str, Any]:
    """The figures of a row that keeps an alignment on directions."""
    told = {name: getattr(row, name) for name in ("agreed", "valid", "causal_order", "joint_agreed", "margin")}
    return {"alignment": row.alignment_id, "tested": row.of, "joint_tested": row.joint_of} | told
