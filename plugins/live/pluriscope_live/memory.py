"""Memory of the device that a model runs on: what is free, what a run takes, and errors that say there is none."""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable
from typing import Any, Final

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from pluriscope.processes.memory import bytes_for_each, held, wants_memory

_SHARED: Final = 0.75
"""Of what is free on an accelerator, how much batches may take."""


def free_bytes(device: Any) -> int:
    """Bytes that batches may take on a device, three quarters of what there is less what this process holds."""
    if device.type == "cuda":
        return int(_SHARED * torch.cuda.mem_get_info(device)[0])
    return max(bytes_for_each(1) - held(), 0)


class _Counting(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of all tensors that calls make, as long as they live."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._now, self.most = 0, 0
        self._known = set[int]()

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        for one in tree_leaves(result):
            if isinstance(one, torch.Tensor):
                storage = one.untyped_storage()
                if id(storage) not in self._known:
                    self._known.add(id(storage))
                    self._now += storage.nbytes()
                    self.most = max(self.most, self._now)
                    weakref.finalize(storage, self._gone, id(storage), storage.nbytes())
        return result

    def _gone(self, key: int, n_bytes: int) -> None:
        self._known.discard(key)
        self._now -= n_bytes


def bytes_taken(run: Callable[[], object]) -> int:
    """The most bytes that the tensors take together which a run makes."""
    counting = _Counting()
    with counting:
        run()
    return counting.most


def is_full(error: BaseException) -> bool:
    """Whether an error says that a device has no memory left."""
    return isinstance(error, torch.OutOfMemoryError) or wants_memory(error)


def wanted(error: BaseException) -> str:
    """The number of bytes that an error says were asked for, in words."""
    found = re.search(r"allocate ([\d.]+ ?(?:bytes|[KMGT]i?B))", str(error))
    return found[1] if found else "an unknown number of bytes"
