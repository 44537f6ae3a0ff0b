"""ONNX files run beside what was read of them: by onnx's reference implementation, in a process of its own.

Only what was read as one chain of known operators, with sizes checked, is run at all; the process has limits of time
and memory of its own, so that a file which gets past all that ends it and nothing else.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.network_files.declaration import Declaration
from pluriscope.analysis.network_files.files import NetworkFile
from pluriscope.analysis.network_files.formats.format import Beside
from pluriscope.analysis.network_files.formats.onnx_file import OnnxChain, is_onnx
from pluriscope.analysis.network_files.intake import read_any
from pluriscope.analysis.network_files.original import Original, Rows

SECONDS: Final = 20
"""Of the processor, for all rows; of the clock three times as many."""
MEMORY: Final = 2 << 30


def read_file(raw: bytes, beside: Beside | None = None, declared: Declaration | None = None) -> NetworkFile:
    """A network from a file of any accepted format; with what runs it, where the format can be run.

    Args:
        raw: the file's bytes.
        beside: gives files in which an ONNX file may keep its data.
        declared: what is said beside it, so that nothing of that is asked; nothing if None.

    Raises:
        AnalysisError: as of :func:`pluriscope.analysis.network_files.intake.read_any`.
    """
    file = read_any(raw, beside, declared)
    if not is_onnx(raw):
        return file
    chain = OnnxChain.of(raw, beside)
    run = partial(run_apart, chain.model.SerializeToString())
    return replace(file, original=Original(run, chain.tolerance, whole=chain.whole, row_by_row=True))


def run_apart(model: bytes, rows: Rows) -> Rows:
    """Run an ONNX file in a process of its own: outputs ``[rows, n_outputs]`` for inputs ``[rows, n_inputs]``.

    Args:
        model: the file, with its data inside.
        rows: inputs.

    Raises:
        InvalidNetwork: it cannot be run within the limits.
    """
    content = io.BytesIO()
    np.save(content, rows)
    paths = os.pathsep.join(path or os.getcwd() for path in sys.path)
    # -P: the folder in which somebody calls us is no place to import from
    command = [sys.executable, "-P", "-m", __name__, str(SECONDS), str(MEMORY)]
    own = {"PYTHONPATH": paths, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    options = {"input": content.getvalue() + model, "env": {**os.environ, **own}, "timeout": 3 * SECONDS}
    try:
        done = subprocess.run(command, capture_output=True, check=True, **options)  # type: ignore[call-overload]  # noqa: S603
        answer: Rows = np.load(io.BytesIO(done.stdout), allow_pickle=False)
    except (subprocess.SubprocessError, OSError, ValueError, EOFError):
        cause = f"cannot be run by onnx's reference implementation in {SECONDS} s and {MEMORY >> 20:,} MB"
        cure = "export it again with onnx's newest operators, or give the network as safetensors or JSON"
        raise InvalidNetwork("ONNX file", cause, cure) from None
    return answer


def _main() -> None:
    """The other process: rows and a model come in, outputs go out."""
    if sys.platform != "win32":
        import resource

        seconds, memory = map(int, sys.argv[1:])
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    content = io.BytesIO(sys.stdin.buffer.read())
    rows = np.load(content, allow_pickle=False)
    answer = io.BytesIO()
    np.save(answer, OnnxChain.of(content.read()).run(rows))
    sys.stdout.buffer.write(answer.getvalue())


if __name__ == "__main__":
    _main()
