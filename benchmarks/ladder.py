"""``python -m benchmarks.ladder``: the ladder of map classes, written to docs/ladder.md.

For XORNet and five trained 2-3-3-1 networks: what :mod:`analysis.ladder` finds in every class, with its floor.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import torch

from analysis.data import clean_data
from analysis.ladder.climbing import climb_closed
from analysis.ladder.learning import climb_learned
from analysis.ladder.report import MAP_CLASSES, LadderReport
from analysis.networks.network import Network
from analysis.progress import Progress
from analysis.question import ask
from analysis.tasks import named_task
from analysis.work import Work
from benchmarks.machine import machine, machine_text

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "ladder.md"
XOR = named_task("XOR", 2)
CLEAN = clean_data(2)
SEED = 0


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


def table_of(ladder: LadderReport) -> list[str]:
    """One network's ladder in Markdown."""
    lines = [
        "| a variable lives on | algorithms | alignments that pass | joint | floor: permuted networks on which "
        "any passes | floor: alignments, mean |",
        "|---|---|---|---|---|---|",
    ]
    for key, label in MAP_CLASSES.items():
        rung = next(rung for rung in ladder.rungs if rung.map_class == key)
        mean = rung.floor_alignments / rung.floor_networks if rung.floor_networks else float("nan")
        joint = "—" if rung.joint is None else str(rung.joint)
        passed = f"{rung.algorithms} of {len(ladder.algorithms)} | {rung.alignments} of {rung.of} | {joint}"
        lines.append(f"| {label} | {passed} | {rung.floor_passing} of {rung.floor_networks} | {mean:.2f} |")
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
        clock = time.perf_counter
        ladder = climb_closed(
            ask(network, task=XOR, data=CLEAN), Work(clock=clock), n_permuted=options.floor, seed=SEED
        )
        ladder = climb_learned(ladder, ask(network, task=XOR, data=CLEAN), Work(clock=clock, report=_tell))
        closed = sum(rung.seconds for rung in ladder.rungs if rung.map_class in ("orthogonal", "oblique"))
        sizes = "-".join(map(str, network.sizes))
        lines = [
            f"**{name}**, {sizes}, {network.activation}. Of its {options.floor} permuted networks "
            f"{ladder.n_permuted_right} decide XOR right. Orthogonal and oblique search: {closed:.2f} s; all of this "
            f"ladder: {time.perf_counter() - started:.0f} s on {machine_text(machine())}.",
            "",
            *table_of(ladder),
        ]
        write_section(name, lines)
    return 0


def _tell(progress: Progress) -> None:
    print(f"  {progress.done} of {progress.total}: {progress.found}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
