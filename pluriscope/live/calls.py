"""Calls in a module's forward pass that compute the parts of a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Part = Literal[
    "inputs", "sums", "values", "token", "given", "query", "key", "value", "attended", "hidden", "written", "logits"
]
"""Of a perceptron "inputs"; "sums", what a layer adds up before its activation, and "values" behind it. Of a
transformer "token", the embedding of tokens, and "given", the same with positions; what each head reads as query, key
and value; "attended", the values that it mixes, before its output matrix; "hidden", what an MLP block adds up before
its activation; "written", what it adds to the stream; "logits"."""


@dataclass(frozen=True)
class PartCall:
    """A call of a function of torch, during a module's forward pass, whose result holds one part of the network.

    Args:
        number: among the calls that are recorded, from 0; −1 for what the module is given.
        function: its name, by which another run of the module is held against the recorded one.
        path: of the innermost module that makes the call, such as ``blocks.0.attn``; "" for the outermost.
        part: what its result holds.
        layer: from 1; 0 of what the first layer reads.
        taken: from its result to the part, ``[rows, n]`` of a perceptron, ``[rows, positions, heads, d_head]`` or
            ``[rows, positions, n]`` of a transformer; differentiable.
        put: from its result and another value of the part to a result with that value in it; differentiable, and no
            change in place. The result's other numbers are kept.
        heads: of a part of heads, which of its layer; modules may have a call for each.
    """

    number: int
    function: str
    path: str
    part: Part
    layer: int
    taken: Callable[[Any], Any]
    put: Callable[[Any, Any], Any]
    heads: Sequence[int] = (0,)


@dataclass(frozen=True)
class ReadTransformer:
    """A live transformer as it was read.

    Args:
        document: of a model file, without name, tokens and tasks.
        run: from token ids ``[rows, context]`` to logits at the last position, ``[rows, vocabulary]``; raises
            InvalidNetwork where it cannot.
        tolerance: how far these may be from ours, relative to the larger, or to 1 where both are smaller.
        remarks: what is to be said of how it was read, one sentence each.
        calls: where each part is computed.
    """

    document: Mapping[str, Any]
    run: Callable[[NDArray[np.int64]], NDArray[np.float64]]
    tolerance: float
    remarks: tuple[str, ...] = ()
    calls: tuple[PartCall, ...] = ()
