"""Networks of verification benchmarks (``.nnet``, https://github.com/sisl/NNet): text, ReLU behind each layer but the
last, with inputs that are clipped and scaled first, and outputs that are scaled last.

Scales are folded into the layers. Clipping cannot be, so rows on which inputs are clipped are refused where the network
is taken in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from typing import Final

import numpy as np

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.network_files.chain import Activated, Affine, Dense, Step, file_of_steps
from pluriscope.analysis.network_files.files import MAX_LAYERS, NetworkFile
from pluriscope.analysis.network_files.formats.format import Array, Beside, FileFormat
from pluriscope.analysis.network_files.original import DOUBLE, Original, Rows
from pluriscope.analysis.subjects.perceptron.mlp import forward
from pluriscope.analysis.subjects.perceptron.network import Network

_ITEM: Final = ".nnet file"
_BEGINNING: Final = re.compile(rb"\s*(?://[^\n]*\n\s*)*(?:\d+\s*,\s*){3}\d+[ \t\r]*+,?[ \t\r]*+\n")
_SCALED: Final = "Its inputs and outputs are scaled as the file says, which some programs leave out."
_ENCODING: Final = "let its inputs lie where the file does not clip them (encoding)"


def read_nnet(raw: bytes, _beside: Beside | None = None) -> NetworkFile:
    """The network of a ``.nnet`` file.

    Raises:
        InvalidNetwork: it is cut off, or does not hold what its beginning says.
    """
    try:
        rows = _rows(raw)
        n_layers, n_inputs, n_outputs = (int(one) for one in next(rows)[:3])
        sizes = [int(one) for one in next(rows)]
        if n_layers > MAX_LAYERS or len(sizes) != n_layers + 1 or (n_inputs, n_outputs) != (sizes[0], sizes[-1]):
            raise ValueError("other layers than are said")
        next(rows)  # which nobody uses
        ends = np.array([next(rows)[:n_inputs] for _ in range(2)]).reshape(2, n_inputs)
        means, ranges = np.array([next(rows)[: n_inputs + 1] for _ in range(2)]).reshape(2, n_inputs + 1)
        with np.errstate(all="ignore"):
            rates = 1 / ranges
        if not np.isfinite([rates, ranges, means]).all():
            raise ValueError("a range of 0")
        steps: list[Step] = [Affine(rates[:-1], -means[:-1] * rates[:-1])]
        for n_in, n_out in pairwise(sizes):
            weight = np.array([next(rows) for _ in range(n_out)]).reshape(n_out, n_in)
            steps += [Dense(weight, np.array([next(rows) for _ in range(n_out)]).reshape(n_out)), Activated("relu")]
    except (ValueError, OverflowError, StopIteration, IndexError):
        raise InvalidNetwork(_ITEM, "is cut off, or has other numbers than it says", "save or copy it again") from None
    steps[-1] = Affine(ranges[-1], means[-1])
    file = file_of_steps(steps, _ITEM)
    original = Original(partial(_clipped, file.network, *ends), DOUBLE, cure=_ENCODING)
    scaled = bool(means.any() or (ranges != 1).any())
    return replace(file, remarks=(_SCALED,) * scaled, original=original)


def _rows(raw: bytes) -> Iterator[Array]:
    """The numbers of each line that is no comment."""
    for line in raw.decode("ascii").splitlines():
        if line.strip() and not line.startswith("//"):
            yield np.array([float(one) for one in line.rstrip(", \t").split(",")])


def _clipped(network: Network, least: Array, most: Array, rows: Rows) -> Rows:
    return forward(network, np.clip(rows, least, most))


NNET: Final = FileFormat(
    "nnet", "networks of verification", (".nnet",), lambda raw: _BEGINNING.match(raw[:10_000]) is not None, read_nnet
)
