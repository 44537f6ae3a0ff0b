"""``python -m benchmarks.survivors``: trains, measures, and writes docs/survivors.md with its two CSV files.

``--tables`` writes the tables anew from the CSV files, without training.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from analysis.networks.training_spec import TrainingSpec
from benchmarks.machine import machine, machine_text
from benchmarks.survivors.document import write_document
from benchmarks.survivors.rows import Sample, write_rows
from benchmarks.survivors.study import run_study

DOCS = Path(__file__).resolve().parents[2] / "docs"


def tell(stage: str) -> None:
    print(f"… {stage}", file=sys.stderr, flush=True)


def sample(n_networks: int, first_seed: int, loss_target: float, processes: int) -> Sample:
    """Train and measure, with the time that it took."""
    started, here = time.perf_counter(), machine()
    specs = [TrainingSpec(seed=first_seed + k, loss_target=loss_target) for k in range(n_networks)]
    rows = run_study(specs, tell, processes=processes)
    told = {
        "training": f"XOR 2-3-3-1, leaky ReLU throughout, mean squared error below {loss_target:g}, seeds "
        f"{first_seed} to {first_seed + n_networks - 1}",
        "machine": machine_text(here),
        "seconds": f"{time.perf_counter() - started:.0f} with {processes} process{'' if processes == 1 else 'es'}",
    }
    return Sample(told, tuple(rows))


def main(arguments: list[str] | None = None) -> int:
    """Run the study and write its document."""
    parser = argparse.ArgumentParser(prog="benchmarks.survivors", description=__doc__)
    parser.add_argument("--networks", type=int, default=100, help="networks trained to .01 (100); 0: keep their file")
    parser.add_argument("--tight", type=int, default=100, help="networks trained to .001 (100); 0: keep their file")
    parser.add_argument("--first-seed", type=int, default=0, help="seeds go on from here (0)")
    parser.add_argument("--processes", type=int, default=2, help="networks measured at once (2)")
    parser.add_argument("--folder", type=Path, default=DOCS, help="where survivors.md and its CSV files are (docs)")
    parser.add_argument("--tables", action="store_true", help="write the tables anew from the CSV files")
    options = parser.parse_args(arguments)
    if not options.tables:
        for name, n_networks, loss_target in (
            ("survivors.csv", options.networks, 0.01),
            ("survivors-tight.csv", options.tight, 0.001),
        ):
            if n_networks:
                tell(f"trained to {loss_target:g}")
                found = sample(n_networks, options.first_seed, loss_target, options.processes)
                write_rows(options.folder / name, found)
    write_document(options.folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
