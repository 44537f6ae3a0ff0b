"""``python -m benchmarks.ladder``: the ladder of map classes, written to docs/ladder.md.

For XORNet and five trained 2-3-3-1 networks: how many of the irredundant algorithms, and how many alignments of them,
pass when a variable may live on single neurons, neuron sets, small integer directions, the orthogonal or an oblique
swap of its read-out, a learned subspace, or a block of a learned non-linear map. Beside each the same on networks with
every layer's weights permuted.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from analysis.algorithms.catalogue import Candidates, candidate_algorithms
from analysis.algorithms.redundancy import irredundancy
from analysis.alignments.chance import permuted_network
from analysis.alignments.iia import tested_pairs
from analysis.alignments.joint import score_joint
from analysis.alignments.search import search_alignments
from analysis.data import clean_data
from analysis.directions.blocks import block_placements, demands
from analysis.directions.result import DirectionClass
from analysis.directions.search import DirectionTable, search_directions
from analysis.directions.training import LearningCase, LearningOptions, learn
from analysis.networks.mlp import forward
from analysis.networks.network import Network
from analysis.protocol import COMPLETE, Protocol
from analysis.tasks import input_table, named_task
from analysis.validity import decide
from benchmarks.machine import machine, machine_text

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "ladder.md"
XOR = named_task("XOR", 2)
CLEAN = clean_data(2)
SEED = 0
CLASSES = {
    "single": "single neurons",
    "sets": "neuron sets",
    "integer": "small integer directions that read the variable",
    "integer-any": "small integer directions, read-out or not",
    "orthogonal": "read-out, orthogonal swap",
    "oblique": "read-out, some oblique swap",
    "learned": "learned subspaces",
    "non-linear": "blocks of a learned non-linear map",
}
LINEAR = LearningOptions(seeds=(0, 1), steps=150, learning_rate=0.1)
NON_LINEAR = LearningOptions(seeds=(0, 1), steps=150, learning_rate=0.03)


@dataclass(frozen=True)
class Rung:
    """One class on one network.

    Args:
        algorithms: with an alignment whose single interchanges are all right.
        alignments: such alignments.
        of: placements tried.
        joint: those right under joint interchange too; None if it was not run.
        seconds: it took.
    """

    algorithms: int
    alignments: int
    of: int
    joint: int | None
    seconds: float


def networks() -> dict[str, Network]:
    """XORNet, the authors' pretrained network, and four trained by the authors' code."""
    bundled = json.loads((ROOT / "app" / "bundled" / "alice-and-bob.json").read_text())
    found = {"XORNet": network_of(bundled)}
    for name in ("xor_pretrained", "xor_3-3_a", "xor_3-3_b", "xor_3-3_tight", "xor_sigmoid_3-3"):
        stored = json.loads((ROOT / "tests" / "golden" / f"{name}.json").read_text())["network"]
        found[name] = network_of(stored)
    return found


def network_of(stored: dict[str, object]) -> Network:
    return Network.from_arrays(
        stored["weights"],  # type: ignore[arg-type]
        stored["biases"],  # type: ignore[arg-type]
        activation=str(stored["activation"]),
        output_activation=stored.get("output_activation"),  # type: ignore[arg-type]
        negative_slope=stored.get("negative_slope", 0.01),  # type: ignore[arg-type]
    )


def irredundant(network: Network) -> Candidates:
    """The irredundant algorithms for XOR at the network's depth."""
    whole = candidate_algorithms(XOR, COMPLETE, network.n_hidden_layers)
    kept = tuple(a for a in whole.algorithms if irredundancy(a)["irredundant-literals"])
    return Candidates(kept, len(kept), None)


def on_neurons(network: Network, protocol: Protocol) -> Rung:
    """Single neurons or neuron sets, joint interchange on each valid alignment."""
    started = time.perf_counter()
    found = search_alignments(network, irredundant(network), protocol, CLEAN)
    joint = 0
    for result in found.algorithms:
        for scored in result.alignments:
            if scored.valid:
                score = score_joint(network, result.algorithm, scored.alignment, protocol, CLEAN)
                joint += score.agreed == score.of
    n_placements = sum(placements(network, len(r.algorithm.responses), protocol) for r in found.algorithms)
    return Rung(
        sum(1 for r in found.algorithms if r.n_valid),
        sum(r.n_valid for r in found.algorithms),
        n_placements,
        joint,
        time.perf_counter() - started,
    )


def placements(network: Network, n_variables: int, protocol: Protocol) -> int:
    """Disjoint sites for so many variables, by trying; the networks here have at most 14 sites."""
    sites = [
        (layer, bits)
        for layer, width in enumerate(network.hidden_sizes)
        for bits in range(1, 1 << width)
        if protocol.alignment_sites == "neuron_sets" or bits.bit_count() == 1
    ]

    def count(left: int, used: tuple[tuple[int, int], ...]) -> int:
        if not left:
            return 1
        free = [s for s in sites if not any(s[0] == u[0] and s[1] & u[1] for u in used)]
        return sum(count(left - 1, (*used, site)) for site in free)

    return count(n_variables, ())


def on_directions(network: Network, direction_class: DirectionClass, table: DirectionTable) -> Rung:
    """One class in closed form."""
    started = time.perf_counter()
    found = search_directions(network, irredundant(network), COMPLETE, CLEAN, direction_class, table=table)
    if not found.is_exact:
        print(f"! {direction_class} is not exact", file=sys.stderr)
    return Rung(
        found.n_aligned,
        found.n_valid,
        sum(r.n_placements or 0 for r in found.algorithms),
        found.n_joint,
        time.perf_counter() - started,
    )


def by_learning(nets: Sequence[Network], *, non_linear: bool, joint: bool) -> list[Rung]:
    """Learned maps on several networks of one shape at once; a placement passes if a seed meets every demand."""
    started = time.perf_counter()
    options = NON_LINEAR if non_linear else LINEAR
    tested = tested_pairs(2, COMPLETE.interchange_pairs)
    totals = [[0, 0, 0, 0] for _ in nets]
    for algorithm in irredundant(nets[0]).algorithms:
        asked = demands(algorithm, tested, joint=joint)
        n_joint = len(asked.wanted) - asked.n_single
        blocks = block_placements(len(algorithm.responses), nets[0].hidden_sizes)
        cases = [LearningCase(net, CLEAN.representatives, asked, placement) for net in nets for placement in blocks]
        runs = learn(cases, options, non_linear=non_linear)
        for number, total in enumerate(totals):
            mine = runs[number * len(blocks) : (number + 1) * len(blocks)]
            single = [any(run.n_single == asked.n_single for run in seeds) for seeds in mine]
            both = [any(run.n_single == asked.n_single and run.n_joint == n_joint for run in seeds) for seeds in mine]
            total[0] += any(single)
            total[1] += sum(single)
            total[2] += len(blocks)
            total[3] += sum(both)
    seconds = (time.perf_counter() - started) / len(nets)
    return [Rung(a, b, c, d if joint else None, seconds) for a, b, c, d in totals]


def climb(network: Network, classes: Sequence[str]) -> dict[str, Rung]:
    """Every closed-form class on one network."""
    table = DirectionTable(network, COMPLETE, CLEAN)
    single = COMPLETE.model_copy(update={"name": "single neurons", "alignment_sites": "single_neurons"})
    found = {}
    for key in classes:
        if key in ("single", "sets"):
            found[key] = on_neurons(network, single if key == "single" else COMPLETE)
        elif key not in ("learned", "non-linear"):
            found[key] = on_directions(network, key, table)  # type: ignore[arg-type]
    return found


def ladder(network: Network, n_floor: int, tell: str) -> tuple[dict[str, Rung], dict[str, list[Rung]], int]:
    """All classes on a network and on its permutations; how many of these compute XOR at all comes last."""
    closed = [key for key in CLASSES if key not in ("learned", "non-linear")]
    own = climb(network, closed)
    permuted = [permuted_network(network, number, seed=SEED) for number in range(n_floor)]
    floor = {key: [] for key in CLASSES}  # type: dict[str, list[Rung]]
    for other in permuted:
        for key, rung in climb(other, closed).items():
            floor[key].append(rung)
    for key in ("learned", "non-linear"):
        print(f"… {tell}: {key}", file=sys.stderr, flush=True)
        own[key] = by_learning([network], non_linear=key == "non-linear", joint=True)[0]
        floor[key] = by_learning(permuted, non_linear=key == "non-linear", joint=False) if permuted else []
    wanted = list(XOR.truth_table)
    n_right = sum(decide(forward(other, input_table(2))[:, 0], "threshold").tolist() == wanted for other in permuted)
    return own, floor, n_right


def table_of(own: dict[str, Rung], floor: dict[str, list[Rung]]) -> list[str]:
    """One network's ladder in Markdown."""
    lines = [
        "| a variable lives on | algorithms | alignments that pass | also jointly | floor: permuted networks on which "
        "any passes | floor: alignments, mean |",
        "|---|---|---|---|---|---|",
    ]
    for key, label in CLASSES.items():
        rung, below = own[key], floor[key]
        any_passes = f"{sum(1 for r in below if r.alignments)} of {len(below)}"
        mean = sum(r.alignments for r in below) / len(below) if below else float("nan")
        joint = "—" if rung.joint is None else str(rung.joint)
        passed = f"{rung.algorithms} of 2 | {rung.alignments} of {rung.of} | {joint}"
        lines.append(f"| {label} | {passed} | {any_passes} | {mean:.2f} |")
    return lines


def write_section(name: str, lines: Sequence[str]) -> None:
    """Replace one marked part of the document."""
    text = DOCUMENT.read_text()
    body = "\n".join(lines)
    pattern = re.compile(rf"(<!-- table: {re.escape(name)} -->\n).*?(\n<!-- end -->)", re.DOTALL)
    if not pattern.search(text):
        text = f"{text.rstrip()}\n\n<!-- table: {name} -->\n\n<!-- end -->\n"
    DOCUMENT.write_text(pattern.sub(lambda match: f"{match[1]}\n{body}\n{match[2]}", text))


def main(arguments: list[str] | None = None) -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="benchmarks.ladder", description=__doc__)
    parser.add_argument("--floor", type=int, default=20, help="permuted networks beside each network (20)")
    parser.add_argument("--only", nargs="*", help="names of networks; all if left out")
    parser.add_argument("--threads", type=int, default=1, help="torch threads (1)")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    for name, network in networks().items():
        if options.only and name not in options.only:
            continue
        print(f"… {name}", file=sys.stderr, flush=True)
        started = time.perf_counter()
        own, floor, n_right = ladder(network, options.floor, name)
        closed = own["orthogonal"].seconds + own["oblique"].seconds
        sizes = "-".join(map(str, network.sizes))
        lines = [
            f"**{name}**, {sizes}, {network.activation}. Of its {options.floor} permuted networks {n_right} decide XOR "
            f"right. Orthogonal and oblique search: {closed:.2f} s; all of this ladder: "
            f"{time.perf_counter() - started:.0f} s on {machine_text(machine())}.",
            "",
            *table_of(own, floor),
        ]
        write_section(name, lines)
    return 0


if __name__ == "__main__":
    sys.exit(main())
