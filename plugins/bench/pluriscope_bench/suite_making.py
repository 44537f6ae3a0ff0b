"""Making part of a suite: some networks of one cell, the truth about each, and what baselines answer; loads torch."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pluriscope.analysis.network_files.files import NetworkFile, network_file_json
from pluriscope.analysis.running.work import Work
from pluriscope.analysis.values.late_functions import function_at
from pluriscope_bench.key.baselines import baseline_rows
from pluriscope_bench.key.condition import PRIMARY
from pluriscope_bench.key.judging import conditions_of, judge_of
from pluriscope_bench.key.rows import Row
from pluriscope_bench.key.suite import SuiteNetwork, question_of, truth_digest, truth_row
from pluriscope_bench.key.truths import truths_of
from pluriscope_bench.suite_design import NO_CIRCUIT, UNKNOWN, WRONG, Half, SuiteCell, SuiteDesign
from pluriscope_bench.suite_files import row_of, shipped
from pluriscope_studies.analysis.sources import CONVERGED, SOURCES


def make_networks(
    design: SuiteDesign,
    cell: int,
    seeds: Sequence[int],
    _files: Mapping[int, bytes] | None,
    work: Work,
    half: Half | None = None,
) -> list[Row]:
    """Make some networks of a cell, with all that is known of them.

    Args:
        design: of the suite.
        half: its networks are taken where they come with Pluriscope, else trained; None trains them all.
        cell: the position of theirs.
        seeds: which.
        work: gets the progress; without a clock nothing is measured.

    Returns:
        For each ``cell``, ``seed``, ``state`` ("converged", or why it is not in the suite), ``network`` (its row; None
        where it is not), ``truths`` and ``answers`` (rows), ``truth_digest``, and ``masks``: every valid circuit under
        the primary condition, ascending; None where they are not listed.
    """
    own, suite = design.cells[cell], half and shipped(design.digest(half), half)
    if suite:
        return [known(cell, seed, CONVERGED, suite.by_name[f"{own.name}-{seed}"], work) for seed in seeds]
    return [known(cell, *one, work) for one in trained(own, seeds, work)]


def trained(cell: SuiteCell, seeds: Sequence[int], work: Work) -> Iterator[tuple[int, str, SuiteNetwork | None]]:
    """Seed, state and network, if there is one, of a cell's networks, which are trained."""
    return (_transformers if cell.study is None else _perceptrons)(cell, seeds, work)


def _perceptrons(cell: SuiteCell, seeds: Sequence[int], work: Work) -> Iterator[tuple[int, str, SuiteNetwork | None]]:
    study: Any = cell.study
    for produced in function_at(SOURCES[study.design.source].maker)(study, seeds, work):
        if produced.state != CONVERGED:
            yield produced.seed, produced.state, None
            continue
        name, record, network = f"{cell.name}-{produced.seed}", produced.planted, produced.network
        file = network_file_json(NetworkFile(name, network, produced.tasks, planted=record))
        planted = None if record is None else record.circuit.mask
        yield produced.seed, CONVERGED, _network(cell, produced.seed, network, planted, file)


def _transformers(cell: SuiteCell, seeds: Sequence[int], work: Work) -> Iterator[tuple[int, str, SuiteNetwork | None]]:
    from pluriscope.analysis.subjects.transformer.files import attention_document
    from pluriscope.analysis.subjects.transformer.training import train_attention
    from pluriscope.analysis.subjects.transformer.training_spec import attention_spec

    for seed in seeds:
        spec = attention_spec({**cell.arm.transformers, "task": cell.task, "seed": seed, "name": f"{cell.name}-{seed}"})
        model: Any = (outcome := train_attention(spec, work)).model  # no perceptron
        if model is None or not outcome.converged:
            yield seed, "stopped_early", None
        else:
            yield seed, CONVERGED, _network(cell, seed, model, None, attention_document(model))


def _network(cell: SuiteCell, seed: int, network: Any, planted: int | None, file: Mapping[str, Any]) -> SuiteNetwork:
    text, name = json.dumps(file, ensure_ascii=False), f"{cell.name}-{seed}"
    n_edges = question_of(text.encode(), cell.arm.rules).graph.n_bits
    return SuiteNetwork(name, cell.arm.key, cell.key, seed, network.digest, cell.arm.rules, n_edges, planted, text)


def known(cell: int, seed: int, state: str, network: SuiteNetwork | None, work: Work) -> Row:
    """The truth about a network and what baselines answer about it, as :func:`make_networks` has it."""
    none = {"network": None, "truths": (), "truth_digest": "", "answers": (), "masks": None}
    made: Row = {"cell": cell, "seed": seed, "state": state, **none}
    if network is None:
        return made
    conditions = conditions_of(network.question)
    found = zip(conditions, truths_of(network.question, conditions, work), strict=True)
    truths = {condition: truth for condition, truth in found if truth is not None}
    if PRIMARY not in truths or not truths[PRIMARY].n_valid:
        return {**made, "state": NO_CIRCUIT if PRIMARY in truths else UNKNOWN}
    if not judge_of(network.question, PRIMARY).are_valid([(1 << network.n_edges) - 1])[0]:
        return {**made, "state": WRONG}
    rows, masks = [truth_row(network.name, truth) for truth in truths.values()], truths[PRIMARY].masks
    known = {"network": row_of(network), "truths": rows, "truth_digest": truth_digest(rows, masks), "masks": masks}
    return {**made, **known, "answers": baseline_rows(network, truths, work)}
