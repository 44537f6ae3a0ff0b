"""Studies for tests: designs, and outcomes that are made instead of trained."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pluriscope.analysis.questions.tasks import named_task
from pluriscope_studies.analysis.cells import cells_of
from pluriscope_studies.analysis.design import StudyDesign
from pluriscope_studies.analysis.measures.measure import Measured
from pluriscope_studies.analysis.reading import design_from_mapping
from pluriscope_studies.analysis.rows import NAMES, Row, measured_of, rows_of
from pluriscope_studies.analysis.sources import RowNetwork
from tests.random_networks import rounded_network

MEASURES = ["circuits-valid", "interpretations-total", "one-minimal-alignment", "irredundant-formulas"]


def settings(**changed: Any) -> dict[str, Any]:
    """A small study file: XOR at two widths under both protocols, four seeds each, three tests."""
    return {
        "slug": "xor-width",
        "name": "XOR by width",
        "question": "How many explanations has an XOR network, by width?",
        "hidden": [[2, 2], [3, 3]],
        "measures": MEASURES,
        "protocols": ["complete", "paper"],
        "seeds": {"first": 0, "count": 4},
        "comparisons": [
            {"measure": "circuits-valid", "factor": "hidden", "test": "mann-whitney"},
            {"measure": "circuits-valid", "factor": "protocol", "test": "wilcoxon"},
            {"measure": "one-minimal-alignment", "factor": "hidden", "test": "fisher", "protocol": "complete"},
        ],
        "ladders": [{"label": "from circuits to interpretations", "measures": MEASURES[:2]}],
        "references": [
            {
                "says": "85 circuits",
                "source": "Fig. 2",
                "evidence": "W",
                "measure": "circuits-valid",
                "protocol": "paper",
                "where": {"hidden": "3-3"},
                "values": {"median": 85},
                "explanation": "one network of theirs",
            }
        ],
        **changed,
    }


def design(**changed: Any) -> StudyDesign:
    return design_from_mapping(settings(**changed))


def rows(study: StudyDesign | None = None, *, failing: int = 4) -> list[Row]:
    """Rows of every network; every ``failing``-th seed did not converge. Values follow from cell and seed."""
    study = study or design()
    found: list[Row] = []
    for position, cell in enumerate(cells_of(study)):
        for seed in study.seeds.numbers:
            failed = seed % failing == failing - 1
            state, message = ("stopped_early", "the loss no longer fell") if failed else ("converged", "converged")
            facts = {"seed": seed, "state": state, "message": message, "epochs": 10 + seed}
            facts |= {"loss": 0.2 if failed else 0.005, "accuracy": 0.5 if failed else 1.0, "seconds": 0.25}
            network = RowNetwork(rounded_network(cell.sizes, 1000 * position + seed), (named_task("XOR", 2),))
            values = {} if failed else {p.name: (values_at(position, seed),) for p in study.protocols}
            found += rows_of(cell, facts, network, values)
    return found


def measured_in(row: Mapping[str, Any]) -> dict[str, Measured]:
    """Read what a row has measured."""
    answer = json.loads(row.get("inexact") or "{}")
    return {key: measured_of(row[key], answer.get(key)) for key in row.keys() - NAMES}


def values_at(position: int, seed: int) -> dict[str, Measured]:
    """Larger at the second width; one value beyond 64 bits, one a lower bound."""
    return {
        "circuits-valid": Measured(10 * position + seed),
        "interpretations-total": Measured(3**50 + seed if position else seed, truncated_at=7 if seed == 1 else None),
        "one-minimal-alignment": Measured(seed % 2 == 0),
        "irredundant-formulas": Measured(("A ∧ B",) if seed % 2 == 0 else ("A ∧ B", "A ∨ B")),
    }
