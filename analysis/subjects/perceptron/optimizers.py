"""Adam and AdamW of torch, without torch's compiler.

Torch's own optimizers import its compiler (``torch._dynamo``) when they are made and at their first step, only to mark
what shall not be compiled. Nothing here is compiled, and the import costs a process nearly two seconds of processor
time and 72 MB of memory. The methods are torch's own, without that mark, so the numbers are the same to the last bit.
"""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch.optim import Optimizer


def _without_gradients(optimizer: _NeverCompiled) -> None:
    with torch.no_grad():
        inspect.unwrap(super(_NeverCompiled, optimizer).step)(optimizer)


class _NeverCompiled(Optimizer):
    """Torch's methods without the mark."""

    add_param_group: Any = inspect.unwrap(Optimizer.add_param_group)
    zero_grad: Any = inspect.unwrap(Optimizer.zero_grad)
    step: Any = _without_gradients


class Adam(_NeverCompiled, torch.optim.Adam):
    """:class:`torch.optim.Adam`; its step takes no closure."""


class AdamW(_NeverCompiled, torch.optim.AdamW):
    """:class:`torch.optim.AdamW`; its step takes no closure."""
