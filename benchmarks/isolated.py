"""One search in a process of its own, so that its peak memory is its own: a network in, seconds and bytes out.

``python -m benchmarks.isolated`` reads one JSON object from standard input and prints one. Torch is never loaded here.
"""

from __future__ import annotations

import hashlib
import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from analysis.circuits.planning import plan_circuits
from analysis.circuits.strategy import find_circuits
from analysis.data import clean_data
from analysis.limits import Limits
from analysis.networks.network import Network
from analysis.question import ask
from analysis.tasks import Task
from analysis.work import Work
from benchmarks.timing import REPETITIONS, empty_caches

ROOT = Path(__file__).resolve().parent.parent
_LONG_SECONDS: Final = 1.0  # a search is not repeated once so much has been spent on it


@dataclass(frozen=True)
class Measured:
    """What one search took.

    Args:
        method: the way that its plan chose: "listed", "counted" or "estimated".
        possible: circuits of the space.
        count: valid ones, exact or estimated as the method says.
        seconds: of the search by the clock, caches empty, without the program's start; of short ones the best of some.
        processor_seconds: of the processor in the same search, which a busy machine does not lengthen much.
        predicted_seconds: by the plan.
        peak_bytes: largest resident memory of the process.
        start_bytes: the same before the search: the program itself.
        digest: of the masks kept, SHA-256 of their little-endian bytes.
    """

    method: str
    possible: int
    count: int
    seconds: float
    processor_seconds: float
    predicted_seconds: float
    peak_bytes: int
    start_bytes: int
    digest: str


def measure_alone(network: Network, task: Task, limits: Limits) -> Measured:
    """Find the circuits of one network under ``complete`` in a process of its own.

    Args:
        network: with one output.
        task: what it should compute.
        limits: of the search.

    Raises:
        RuntimeError: the process failed; with what it said.
    """
    request = {
        "weights": [weights.tolist() for weights in network.weights],
        "biases": [biases.tolist() for biases in network.biases],
        "activation": network.activation,
        "output_activation": network.output_activation,
        "negative_slope": network.negative_slope,
        "truth_table": list(task.truth_table),
        "limits": {name: getattr(limits, name) for name in Limits.__dataclass_fields__},
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.isolated"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"a measurement in a process of its own failed:\n{done.stderr.strip()}")
    return Measured(**json.loads(done.stdout))


def peak_bytes() -> int:
    """Largest resident memory of this program so far.

    On Linux ``getrusage`` also counts what the process was before it became this program, the parent's memory
    included; the kernel's figure for this program alone is preferred where there is one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for text in status.read_text().splitlines():
            if text.startswith("VmHWM:"):
                return int(text.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def measured(request: dict[str, Any]) -> Measured:
    """Do what :func:`measure_alone` asked for, in this process."""
    network = Network.from_arrays(
        request["weights"],
        request["biases"],
        activation=request["activation"],
        output_activation=request["output_activation"],
        negative_slope=request["negative_slope"],
    )
    task, limits = Task(tuple(request["truth_table"])), Limits(**request["limits"])
    data = clean_data(network.sizes[0])
    before = peak_bytes()
    timings: list[tuple[float, float]] = []
    while not timings or (len(timings) < REPETITIONS and sum(seconds for seconds, _ in timings) < _LONG_SECONDS):
        empty_caches()
        start, busy = time.perf_counter(), time.process_time()
        plan = plan_circuits(ask(network, task=task, data=data), limits=limits)
        found = find_circuits(ask(network, task=task, data=data), Work(limits=limits), plan=plan)
        timings.append((time.perf_counter() - start, time.process_time() - busy))
    seconds, processor_seconds = (min(column) for column in zip(*timings, strict=True))
    digest = hashlib.sha256(found.masks.astype("<u8").tobytes()).hexdigest()
    return Measured(
        plan.method,
        plan.possible,
        found.count,
        seconds,
        processor_seconds,
        plan.cost.seconds,
        peak_bytes(),
        before,
        digest,
    )


if __name__ == "__main__":
    print(json.dumps(measured(json.load(sys.stdin)).__dict__))
