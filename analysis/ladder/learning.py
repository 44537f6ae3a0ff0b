"""Climbing the classes that are learned: subspaces by a rotation, and blocks of a non-linear map. Loads torch.

A placement passes if from some seed every single interchange ends on the right side. So the numbers are lower bounds:
another seed may find what these did not. Maps for the floor are learned on single interchanges alone, which is easier,
so that the floor is not understated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from analysis.algorithms.catalogue import Candidates
from analysis.alignments.chance import permuted_network
from analysis.alignments.iia import interchange_rows, tested_pairs
from analysis.data import DataRecord
from analysis.directions.blocks import block_placements, demands
from analysis.directions.training import LearningCase, LearningOptions, learn
from analysis.errors import BeyondLimits
from analysis.ladder.climbing import placed_algorithms
from analysis.ladder.rungs import LEARNED, Floor, Ladder, MapClass, Rung
from analysis.networks.network import Network
from analysis.pipeline import Clock
from analysis.progress import Progress, Report, silent
from analysis.protocol import Protocol
from analysis.shards import FORGETFUL, Shards, Within, in_parts
from analysis.tasks import Task

LINEAR: Final = LearningOptions(seeds=(0, 1), steps=150, learning_rate=0.1)
NON_LINEAR: Final = LearningOptions(seeds=(0, 1), steps=150, learning_rate=0.03)
MAX_WORK: Final = 100_000_000  # maps × interchanges × steps, on one network: some minutes
_AT_ONCE: Final = 5  # permuted networks learned side by side between two reports


def climb_learned(
    ladder: Ladder,
    network: Network,
    task: Task,
    protocol: Protocol,
    data: DataRecord,
    *,
    clock: Clock | None = None,
    report: Report = silent,
    shards: Shards = FORGETFUL,
) -> Ladder:
    """Add the learned classes to a ladder.

    Args:
        ladder: the closed classes of the same network, whose permuted networks are taken again.
        network: cut to the analysed output.
        task: what it should compute.
        protocol: form and depth of algorithms, pairs.
        data: rows to interchange.
        clock: seconds from any origin.
        report: told "ladder" before each batch of networks; may cancel there.
        shards: where the batches go that are done.
    """
    candidates = placed_algorithms(task, protocol, network.n_hidden_layers)
    others = [permuted_network(network, number, seed=ladder.seed) for number in range(ladder.n_permuted)]
    rungs, floors = dict(ladder.rungs), dict(ladder.floors)
    total, n_networks = len(LEARNED) * (len(others) + 1), len(others) + 1
    found: dict[MapClass, list[Rung]] = {}  # of the network, then of the others

    def pieces() -> Iterator[Callable[[], list[Rung]]]:
        for number, key in enumerate(LEARNED):
            found[key] = []
            report(Progress("ladder", number * n_networks, total, f"{key} maps"))
            yield partial(_own_rung, network, candidates, protocol, data, key, clock)
            for first in range(0, 0 if found[key][0].refused else len(others), _AT_ONCE):
                report(Progress("ladder", number * n_networks + 1 + first, total, f"{key} maps of permuted networks"))
                some = others[first : first + _AT_ONCE]
                yield partial(learned_rungs, some, candidates, protocol, data, key, joint=False)

    for some in in_parts(pieces(), Within(shards, "learned")):
        found[next(reversed(found))] += some
    for key, (own, *below) in found.items():
        rungs[key], floors[key] = own, Floor(0, 0, 0) if own.refused else Floor.of(below)
    report(Progress("ladder", total, total))
    return replace(ladder, rungs=rungs, floors=floors)


def _own_rung(
    network: Network,
    candidates: Candidates,
    protocol: Protocol,
    data: DataRecord,
    key: MapClass,
    clock: Clock | None,
) -> list[Rung]:
    """A learned class on the network itself, which may be refused."""
    start = clock() if clock else 0.0
    try:
        (rung,) = learned_rungs([network], candidates, protocol, data, key, joint=True)
    except BeyondLimits as refusal:
        return [Rung.refusal(f"{refusal.item}: {refusal.cause}")]
    return [replace(rung, seconds=clock() - start if clock else 0.0)]


def learned_rungs(
    networks: Sequence[Network],
    candidates: Candidates,
    protocol: Protocol,
    data: DataRecord,
    map_class: MapClass,
    *,
    joint: bool,
) -> list[Rung]:
    """One learned class on several networks of one shape at once.

    Args:
        networks: cut to the analysed output.
        candidates: the algorithms that are placed.
        protocol: pairs.
        data: rows to interchange.
        map_class: "learned" or "non-linear".
        joint: whether joint interchanges are demanded as well.

    Raises:
        BeyondLimits: too many placements, or too much to learn.
    """
    first = networks[0]
    options = NON_LINEAR if map_class == "non-linear" else LINEAR
    tested, rows = tested_pairs(first.n_inputs, protocol.interchange_pairs), interchange_rows(data)
    plan = []
    work = 0
    for algorithm in candidates.algorithms:
        n_rows, n_variables = 1 << first.n_inputs, len(algorithm.responses)
        blocks = block_placements(n_variables, first.hidden_sizes)
        n_runs = int(tested.sum()) * n_variables + (n_rows ** (n_variables + 1) if joint else 0)
        work += len(blocks) * len(options.seeds) * n_runs * options.steps
        plan.append((algorithm, blocks))
    if work > MAX_WORK:
        raise BeyondLimits(
            "learned maps",
            f"all placements need {work:,} interchanges in training, against a limit of {MAX_WORK:,}",
            "climb a narrower network",
        )
    totals = [[0, 0, 0, 0] for _ in networks]
    for algorithm, blocks in plan:
        asked = demands(algorithm, tested, joint=joint)
        n_joint = len(asked.wanted) - asked.n_single
        cases = [LearningCase(net, rows, asked, placement) for net in networks for placement in blocks]
        runs = learn(cases, options, non_linear=map_class == "non-linear")
        for number, total in enumerate(totals):
            mine = runs[number * len(blocks) : (number + 1) * len(blocks)]
            single = [any(run.n_single == asked.n_single for run in seeds) for seeds in mine]
            both = [any(run.n_single == asked.n_single and run.n_joint == n_joint for run in seeds) for seeds in mine]
            total[0] += any(single)
            total[1] += sum(single)
            total[2] += len(blocks)
            total[3] += sum(both)
    return [Rung(a, b, c, d if joint else None, exact=False) for a, b, c, d in totals]
