"""Networks of the frozen tables, counted again by today's engine: every named column must be what it was.

``recount.parquet`` beside this file holds 200 networks of the tables that findings rest on, each with its weights, the
rules under which it was asked, and what its table says of the columns below, null where it has none; its metadata say
how they were drawn.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from math import isclose
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from pluriscope.analysis.circuits.strategy import find_circuits
from pluriscope.analysis.explaining.pipeline import analyse_output, unsearched
from pluriscope.analysis.placements.result import AlgorithmResult
from pluriscope.analysis.questions.data import clean_data, parse_data_file
from pluriscope.analysis.questions.protocol import COMPLETE, protocol_from_mapping
from pluriscope.analysis.questions.tasks import task_from_table
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope_studies.analysis.measures.measure import Studied
from pluriscope_studies.analysis.measures.registry import MEASURES
from pluriscope_studies.analysis.running import circuits_alone

FILE = Path(__file__).with_name("recount.parquet")
CIRCUITS = (
    *("circuits-valid", "circuits-share", "one-circuit", "one-interpretation"),
    *("interpretations-total", "interpretations-observed", "interpretations-per-circuit"),
)
ALGORITHMS = (
    *("algorithms-aligned", "alignments-minimal", "alignments-valid", "irredundant-formulas", "one-minimal-alignment"),
)
ALONE = ("circuits-fewest-edges", "backbone-edges", "audit-smallest", "audit-circuits")
IRREDUNDANT = (
    *("alice-or-bob", "irredundant-literals-algorithms", "irredundant-literals-alignments", "irredundant-literals-one"),
)
COUNTED = {"n_near_misses": 0, "max_alignments": 1}  # numbers of alignments are exact, listed are none
NAMES = {"(!(!A&B)&!(!B&A))": "Alice", "(!(!A&!B)&!(A&B))": "Bob"}
"""The two algorithms of XOR without a redundant literal, by their text without a negation of the whole."""


def rows() -> dict[str, list[dict[str, Any]]]:
    """Rows of the file by study."""
    read = duckdb.read_parquet(str(FILE))
    found = defaultdict(list)
    for row in read.fetchall():
        ours = dict(zip(read.columns, row, strict=True))
        found[ours["study"]].append(ours)
    return found


ROWS = rows()


def question_of(row: Mapping[str, Any]) -> Question:
    network = Network.from_flat(
        np.array(row["weights"]),
        row["sizes"],
        activation=row["activation"],
        output_activation=row["output_activation"],
        negative_slope=row["negative_slope"],
    )
    assert network.digest == row["network"]
    data = clean_data(network.n_inputs)
    if row["data"] is not None:
        data = parse_data_file(row["data"].encode(), network.n_inputs, network.sizes[-1])
    task = task_from_table([int(bit) for bit in row["tables"][row["output"]]], network.n_inputs)
    return Question(network, row["output"], task, protocol_from_mapping(json.loads(row["rules"])), data)


def counted(question: Question, asked: set[str]) -> dict[str, Any]:
    """Count the columns that are asked for with today's engine."""
    if not question.data.boolean:
        analysis = circuits_alone(question, find_circuits(question))
    elif asked & {*CIRCUITS, *ALGORITHMS}:
        rules = question.protocol.model_copy(update=COUNTED)
        circuits = None if asked & {*CIRCUITS} else unsearched(question)
        analysis = replace(analyse_output(replace(question, protocol=rules), circuits=circuits), question=question)
    else:
        analysis = circuits_alone(question, unsearched(question))
    studied = Studied(analysis)
    found = {key: MEASURES[key].of(studied).value for key in asked - {*IRREDUNDANT}}
    return found | (of_irredundant(question) if asked & {*IRREDUNDANT} else {})


def of_irredundant(question: Question) -> dict[str, Any]:
    """Algorithms without a redundant literal under the protocol ``complete``, which no measure is about any more."""
    complete = replace(question, protocol=COMPLETE.model_copy(update=COUNTED))
    results = analyse_output(complete, circuits=unsearched(complete)).algorithms.algorithms
    known = [one for one in results if one.irredundant["irredundant-literals"]]
    kept = [one for one in known if one.n_valid]
    n_alignments = sum(one.n_minimal for one in kept if one.algorithm.responses)
    return {
        "alice-or-bob": who(kept) if len(known) == 2 and who(known) == "both" else None,
        "irredundant-literals-algorithms": len(kept),
        "irredundant-literals-alignments": n_alignments,
        "irredundant-literals-one": n_alignments == 1,
    }


def who(results: list[AlgorithmResult]) -> str:
    found = {NAMES[bare] for one in results if (bare := one.algorithm.text.removeprefix("!")) in NAMES}
    return "both" if len(found) == 2 else f"{found.pop()} only" if found else "neither"


def same(now: Any, then: Any) -> bool:
    if isinstance(now, tuple):
        return list(now) == then
    return isclose(now, then, rel_tol=1e-12) if isinstance(now, float) else now == then


@pytest.mark.slow
@pytest.mark.release
@pytest.mark.parametrize("study", sorted(ROWS))
def test_every_column_is_what_it_was(study):
    differences = []
    for row in ROWS[study]:
        asked = {key for key in (*CIRCUITS, *ALGORITHMS, *ALONE, *IRREDUNDANT) if row[key] is not None}
        now = counted(question_of(row), asked)
        name = f"cell {row['cell']}, seed {row['seed']}, output {row['output']}"
        differences += [f"{name}: {key} was {row[key]}, is {now[key]}" for key in asked if not same(now[key], row[key])]
    assert not differences
