"""``python -m benchmarks.stage_costs``: what was predicted beside what was measured, stage by stage.

A stage counts as predicted if the quotient of the two is between a third and three; or, where it was stopped before its
end, if no less than a third of what it took by then was predicted. Both below :data:`TRIFLE` seconds count as well.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from analysis.data import clean_data
from analysis.machine_speed import machine_slowness
from analysis.network_files.files import parse_network_file
from analysis.protocol import named_protocol
from analysis.question import ask
from analysis.stage_costs import CHAIN, ChainPlan, plan_chain
from benchmarks.machine import machine, machine_text
from benchmarks.stage_costs.cases import Case, cases
from benchmarks.stage_costs.measuring import Figures, measure_alone

TRIFLE: Final = 0.02
FACTOR: Final = 3.0


def expected(case: Case) -> tuple[ChainPlan, float]:
    """The plan of a case, and the seconds of the processor that it took."""
    file = parse_network_file(json.dumps(case.document).encode())
    network, data = file.network.for_output(case.output), clean_data(file.network.n_inputs)
    begun = time.process_time()
    plan = plan_chain(
        ask(
            network, output=case.output, task=file.tasks[case.output], protocol=named_protocol(case.protocol), data=data
        )
    )
    return plan, time.process_time() - begun


def is_within(predicted: float, measured: float, stopped: bool) -> bool:
    """Whether a prediction is within a factor of three, as far as the measurement tells."""
    if max(predicted, measured) < TRIFLE:
        return True
    return predicted * FACTOR >= measured and (stopped or predicted <= FACTOR * measured)


def cell_text(predicted: float | None, figures: Figures, stage: str) -> tuple[str, bool | None]:
    """Predicted / measured seconds and their quotient; whether it is within the factor, None if not predicted."""
    measured = figures.seconds.get(stage)
    if measured is None:
        return "–", None
    stopped = stage in figures.stopped
    bound = "> " if stopped else ""
    if predicted is None:
        return f"not predicted / {bound}{measured:.2g}", None
    within = is_within(predicted, measured, stopped)
    quotient = f"{'<' if stopped else ''}{predicted / max(measured, 1e-9):.2g}"
    return f"{predicted:.2g} / {bound}{measured:.2g} = {quotient}{'' if within else ' ✗'}", within


def table(rows: Sequence[tuple[str, ChainPlan, Figures]]) -> str:
    """All cases as a Markdown table, and how many are within the factor by stage."""
    lines = ["| case | " + " | ".join(CHAIN) + " |", "|---" * (len(CHAIN) + 1) + "|"]
    counted: dict[str, list[bool | None]] = {stage: [] for stage in CHAIN}
    for name, plan, figures in rows:
        cells = []
        for stage in CHAIN:
            text, within = cell_text(plan.stage(stage).seconds, figures, stage)
            cells.append(text)
            if stage in figures.seconds:
                counted[stage].append(within)
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    shares = []
    for verdicts in counted.values():
        told = [verdict for verdict in verdicts if verdict is not None]
        shares.append(f"{sum(told)} of {len(told)} ({len(verdicts) - len(told)} not predicted)")
    lines.append("| **within a factor of three** | " + " | ".join(shares) + " |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stage_costs", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="of the processor, for each stage at most")
    parser.add_argument("--case", action="append", help="only cases whose name holds this; may be repeated")
    parser.add_argument("--json", type=Path, help="write every figure here")
    options = parser.parse_args(arguments)
    here = machine()
    slowness = machine_slowness(time.process_time)
    rows: list[tuple[str, ChainPlan, Figures]] = []
    told: list[dict[str, Any]] = []
    for case in cases():
        if options.case and not any(part in case.name for part in options.case):
            continue
        plan, seconds = expected(case)
        figures = measure_alone(case, options.seconds)
        rows.append((case.name, plan.on(slowness), figures))
        predicted = {stage: plan.on(slowness).stage(stage).seconds for stage in CHAIN}
        told.append({"case": case.name, "predicted": predicted, "planning_seconds": seconds, **asdict(figures)})
        print(case.name, f"predicted in {1000 * seconds:.0f} ms", file=sys.stderr)
    print(table(rows))
    print(f"\n{machine_text(here)}; slowness {slowness:.2f}; seconds of the processor, predicted / measured")
    if options.json:
        options.json.write_text(json.dumps({"machine": here, "slowness": slowness, "cases": told}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
