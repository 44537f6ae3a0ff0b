"""Studies for tests: designs, and outcomes that are made instead of trained."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from analysis.data import DataRecord
from analysis.networks.network import Network
from analysis.studies.cells import cells_of
from analysis.studies.design import StudyDesign
from analysis.studies.measures.measure import Measured
from analysis.studies.outcome import StudyOutcome, figures_of, flat_weights
from analysis.studies.reading import design_from_mapping
from analysis.studies.result_file import StudyResults
from analysis.studies.rows import Row, RowNetwork, rows_of
from analysis.tasks import named_task

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
        "ladders": [{"label": "from circuits to readings", "measures": MEASURES[:2]}],
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


def results(study: StudyDesign | None = None, *, failing: int = 4) -> StudyResults:
    """Outcomes of every network; every ``failing``-th seed did not converge. Values follow from cell and seed."""
    study = study or design()
    outcomes = []
    for position, cell in enumerate(cells_of(study)):
        for seed in study.seeds.numbers:
            network = random_network(cell.sizes, 1000 * position + seed)
            failed = seed % failing == failing - 1
            outcomes.append(
                StudyOutcome(
                    cell=cell.key,
                    seed=seed,
                    state="stopped_early" if failed else "converged",
                    message="the loss no longer fell" if failed else "converged",
                    network=network.digest,
                    epochs=10 + seed,
                    loss=0.2 if failed else 0.005,
                    accuracy=0.5 if failed else 1.0,
                    figures={}
                    if failed
                    else figures_of({p.name: (values_at(position, seed),) for p in study.protocols}),
                    seconds=0.25,
                    sizes=network.sizes,
                    tables=("0110",),
                    weights=flat_weights(network),
                )
            )
    return StudyResults(study, tuple(outcomes))


def rows(study: StudyDesign | None = None, *, failing: int = 4) -> list[Row]:
    """The same as rows of a table."""
    study = study or design()
    found: list[Row] = []
    for position, cell in enumerate(cells_of(study)):
        for seed in study.seeds.numbers:
            failed = seed % failing == failing - 1
            state, message = ("stopped_early", "the loss no longer fell") if failed else ("converged", "converged")
            facts = {"seed": seed, "state": state, "message": message, "epochs": 10 + seed}
            facts |= {"loss": 0.2 if failed else 0.005, "accuracy": 0.5 if failed else 1.0, "seconds": 0.25}
            network = RowNetwork(random_network(cell.sizes, 1000 * position + seed), (named_task("XOR", 2),))
            values = {} if failed else {p.name: (values_at(position, seed),) for p in study.protocols}
            found += rows_of(cell, facts, network, values)
    return found


def judged_on_rows(known: StudyResults, n_inputs: int = 2) -> StudyResults:
    """The same outcomes, each judged on rows of its own that are no Boolean inputs."""
    random = np.random.default_rng(0)
    told = []
    for outcome in known.outcomes:
        rows = random.normal(size=(9, n_inputs)).astype(np.float32).astype(np.float64)
        labels = np.arange(9.0)[:, None] % 2
        record = DataRecord(rows[: 2**n_inputs], rows, labels, None, "made-up activations", boolean=False)
        told.append(replace(outcome, data=record))
    return replace(known, outcomes=tuple(told))


def values_at(position: int, seed: int) -> dict[str, Measured]:
    """Larger at the second width; one value beyond 64 bits, one a lower bound."""
    return {
        "circuits-valid": Measured(10 * position + seed),
        "interpretations-total": Measured(3**50 + seed if position else seed, truncated_at=7 if seed == 1 else None),
        "one-minimal-alignment": Measured(seed % 2 == 0),
        "irredundant-formulas": Measured(("A ∧ B",) if seed % 2 == 0 else ("A ∧ B", "A ∨ B")),
    }


def random_network(sizes: tuple[int, ...], seed: int) -> Network:
    random = np.random.default_rng(seed)
    shapes = list(pairwise(sizes))
    return Network.from_arrays(
        [random.normal(size=(n_out, n_in)).astype(np.float32) for n_in, n_out in shapes],
        [random.normal(size=n_out).astype(np.float32) for _, n_out in shapes],
    )
