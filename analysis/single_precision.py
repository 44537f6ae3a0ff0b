"""What float32 decides where float64 decides: the authors' program evaluates in float32, this engine in float64.

A number of valid circuits that agrees with theirs could still be an accident of rounding. So under ``paper`` every
verdict is taken in both.

Circuits. An output in float32 is within a known reach of the same output in float64
(:mod:`analysis.networks.tolerance`, with float32's unit). A circuit that is right in float32 is therefore right in
float64 if its outputs may be shifted by that reach. These are found by the usual search with slack; the few are run in
both arithmetics and their verdicts compared. No other circuit can differ.

Alignments. They depend on the network only through what it decides under each interchange. That table is made in both;
where the two are equal, so are all alignments; else they are searched again with the float32 table.

One float32 evaluation is not every one: libraries add in different orders. Here sums run bias first, then source by
source, each operation rounded to float32. Circuits that some other order could turn are counted, as ``n_within_reach``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from analysis.algorithms.candidates import Candidates
from analysis.alignments.decisions import SiteDecisions, site_decisions
from analysis.alignments.result import AlgorithmSearch
from analysis.alignments.search import align_with
from analysis.circuits.result import CircuitSearch
from analysis.circuits.search import nearly_valid
from analysis.data import DataRecord
from analysis.errors import BeyondLimits
from analysis.networks.circuit import EdgeLayout
from analysis.networks.mlp import activate, batch_activations, keep_matrices
from analysis.networks.network import Network
from analysis.networks.tolerance import output_tolerance
from analysis.protocol import Protocol
from analysis.question import Question
from analysis.result import Float32Alignments, Float32Circuits
from analysis.validity import decide, decided_right, max_wrong
from analysis.work import DEFAULT_WORK, Work

UNIT: Final = 2.0**-23  # float32's, doubled: weights and inputs are rounded to it as well
_CELLS: Final = 1 << 21  # values of one layer held at once

Floats = NDArray[np.floating[Any]]


def float32_circuits(question: Question, circuits: CircuitSearch, work: Work = DEFAULT_WORK) -> Float32Circuits | None:
    """Which circuits are valid in one arithmetic and not in the other.

    Args:
        circuits: what the search in float64 found under the same rules.
        work: told how far the search is; may raise Cancelled.

    Returns:
        None where the circuits were not all listed, or too many are within reach of an edge to compare them.
    """
    network = question.cut
    if circuits.method != "listed" or circuits.truncated_at is not None:
        return None
    rows, labels = question.judged
    absent = question.absent
    reach = output_tolerance(network, rows, absent, unit=UNIT)
    most = work.limits.most_listed(len(question.data.representatives))
    masks = nearly_valid(question, work, slack=reach, max_found=most)
    if masks is None:
        return None
    right_double = np.isin(masks, circuits.masks)
    right_single, sure = np.empty(len(masks), dtype=bool), np.empty(len(masks), dtype=bool)
    layout, rule = EdgeLayout(network.sizes), question.protocol.circuit_decision
    n_wrong = max_wrong(len(rows), question.protocol.accuracy_threshold)
    step = max(1, _CELLS // (max(network.sizes) * len(rows)))
    for start in range(0, len(masks), step):
        part = slice(start, start + step)
        keep = keep_matrices(masks[part], layout)
        with np.errstate(over="ignore", invalid="ignore"):
            doubles = batch_activations(network, keep, rows, absent)[-1][:, 0]
            singles = circuit_outputs(network, keep, rows, absent)
        right_single[part] = (decide(singles.astype(np.float64), rule) != labels).sum(axis=1) <= n_wrong
        surely_right = decided_right(doubles, labels, rule, -reach)
        sure[part] = (~surely_right).sum(axis=1) <= n_wrong
    return Float32Circuits(
        n_valid=int(right_single.sum()),
        only_float64=tuple(masks[right_double & ~right_single].tolist()),
        only_float32=tuple(masks[right_single & ~right_double].tolist()),
        n_within_reach=int((~sure).sum()),
        reach=reach,
    )


def float32_alignments(
    question: Question, candidates: Candidates, found: AlgorithmSearch, work: Work = DEFAULT_WORK
) -> Float32Alignments | None:
    """Which alignments are valid in one arithmetic and not in the other.

    Args:
        candidates: the algorithms, each of them tried.
        found: what the search in float64 found.
        work: told how far the search is; may raise Cancelled.

    Returns:
        None where not every candidate was tried, or not every valid alignment kept.
    """
    if candidates.space is not None or any(result.truncated_at is not None for result in found.algorithms):
        return None
    try:
        double = site_decisions(question)
    except BeyondLimits:
        return None
    single = _site_decisions(question.cut, question.protocol, question.data, double)
    n_turned = int((single.decisions != double.decisions).sum())
    total = double.decisions.size
    if not n_turned:
        return Float32Alignments(total, 0, found.n_valid_alignments, (), ())
    again = align_with(single, candidates.algorithms, question.protocol, work)
    if any(result.truncated_at is not None for result in again):
        return None
    here, there = _ids(found.algorithms), _ids(again)
    n_valid = sum(result.n_valid for result in again)
    return Float32Alignments(total, n_turned, n_valid, tuple(sorted(here - there)), tuple(sorted(there - here)))


def _ids(results: Sequence[Any]) -> set[str]:
    """Valid alignments that are kept."""
    return {scored.alignment.id for result in results for scored in result.alignments if scored.valid}


def circuit_outputs(
    network: Network,
    keep: Sequence[NDArray[np.bool_]],
    inputs: NDArray[np.float64],
    absent: Sequence[NDArray[np.float64]],
) -> Floats:
    """Outputs of many circuits in float32, ``[circuits, rows]``.

    Args:
        network: the network cut to the analysed output.
        keep: kept edges ``[circuits, n_l, n_(l-1)]`` for layers 1 … L.
        inputs: ``[rows, n0]``.
        absent: ``[n_l]`` for layers 0 … L − 1, what absent edges carry.
    """
    values: Floats = np.broadcast_to(_single(inputs).T, (len(keep[0]), network.n_inputs, len(inputs)))
    last = len(network.weights)
    for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True), start=1):
        kept, carried, weights32 = keep[layer - 1], _single(absent[layer - 1]), _single(weights)
        total: Floats = np.broadcast_to(_single(biases)[:, None], (len(kept), len(biases), len(inputs)))
        for source in range(values.shape[1]):
            value = np.where(kept[:, :, source, None], values[:, source, None, :], carried[source])
            total = total + value * weights32[:, source, None]
        values = _activated(network, layer, total)
        if layer < last:
            active = np.any(kept, axis=2, keepdims=True)
            values = np.where(active, values, _single(absent[layer])[:, None])
    return values[:, 0]


def _site_decisions(network: Network, protocol: Protocol, data: DataRecord, double: SiteDecisions) -> SiteDecisions:
    """The float64 table again, decided in float32."""
    rows, sites = data.clean_rows, double.table.sites
    with np.errstate(over="ignore", invalid="ignore"):
        clean = [_single(rows)]
        for layer in range(1, len(network.weights) + 1):
            clean.append(_next_layer(network, layer, clean[-1]))
        decisions = np.empty_like(double.decisions)
        for place, site in enumerate(sites):
            values: Floats = np.broadcast_to(clean[site.layer], (len(rows), *clean[site.layer].shape)).copy()
            for neuron in site.neurons:
                values[:, :, neuron] = clean[site.layer][:, None, neuron]
            for layer in range(site.layer + 1, len(network.weights) + 1):
                values = _next_layer(network, layer, values)
            decisions[place] = decide(values[double.tested][:, 0].astype(np.float64), protocol.alignment_decision)
    return replace(double, decisions=decisions)


def _next_layer(network: Network, layer: int, values: Floats) -> Floats:
    """From one layer's values ``[…, n_(l-1)]`` to the next one's, in float32."""
    weights, biases = _single(network.weights[layer - 1]), _single(network.biases[layer - 1])
    total: Floats = np.broadcast_to(biases, (*values.shape[:-1], len(biases)))
    for source in range(values.shape[-1]):
        total = total + values[..., source, None] * weights[:, source]
    return _activated(network, layer, total)


def _activated(network: Network, layer: int, values: Floats) -> Floats:
    activated: Floats = activate(values, network.activation_of(layer), network.negative_slope)  # type: ignore[arg-type]  # any float keeps its kind
    return activated


def _single(values: NDArray[np.float64]) -> Floats:
    with np.errstate(over="ignore"):
        return values.astype(np.float32)
