"""Every valid explanation of one small network, in Python.

    import pluriscope
    result = pluriscope.explain(model, task="XOR")     # a torch.nn.Sequential, an MLPClassifier, or a file
    result.circuits, result.algorithms, result.alignments
    pluriscope.fetch("http://127.0.0.1:8000/networks/xor-pretrained")  # the same objects, from a server

What is here comes from the engine (:mod:`analysis`) and from a server's JSON interface; nothing is computed in a way of
its own. Names are imported when they are first used, so that ``import pluriscope`` costs nothing. Plugins bring further
ones (:mod:`pluriscope.analysis.plugins`), such as ``pluriscope.bench``.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pluriscope.analysis.errors import AnalysisError, MissingLibrary
    from pluriscope.errors import ServerError
    from pluriscope.library.algorithms import Algorithm, Alignment
    from pluriscope.library.circuits import Circuit, Interpretation
    from pluriscope.library.models import export, from_nnsight, from_torch, from_transformer_lens
    from pluriscope.library.result import Result, explain, load
    from pluriscope.library.server import fetch
    from pluriscope.objects.counts import Count, Counts
    from pluriscope.objects.showing import Drawing

if os.path.exists(os.path.join(sys.prefix, ".installing")):  # which ./run writes, and nobody else
    import_module("pluriscope.installing").refuse_imports()

__version__: str

_HOMES: Final = {
    "AnalysisError": "pluriscope.analysis.errors",
    "MissingLibrary": "pluriscope.analysis.errors",
    "ServerError": "pluriscope.errors",
    "Algorithm": "pluriscope.library.algorithms",
    "Alignment": "pluriscope.library.algorithms",
    "Circuit": "pluriscope.library.circuits",
    "Interpretation": "pluriscope.library.circuits",
    "Result": "pluriscope.library.result",
    "explain": "pluriscope.library.result",
    "export": "pluriscope.library.models",
    "from_nnsight": "pluriscope.library.models",
    "from_torch": "pluriscope.library.models",
    "from_transformer_lens": "pluriscope.library.models",
    "load": "pluriscope.library.result",
    "fetch": "pluriscope.library.server",
    "Count": "pluriscope.objects.counts",
    "Counts": "pluriscope.objects.counts",
    "Drawing": "pluriscope.objects.showing",
}

__all__ = [
    "Algorithm",
    "Alignment",
    "AnalysisError",
    "Circuit",
    "Count",
    "Counts",
    "Drawing",
    "Interpretation",
    "MissingLibrary",
    "Result",
    "ServerError",
    "__version__",
    "explain",
    "export",
    "fetch",
    "from_nnsight",
    "from_torch",
    "from_transformer_lens",
    "load",
]


def __getattr__(name: str) -> Any:
    """A public name, from the module in which it lives."""
    if name == "__version__":
        found: Any = import_module("pluriscope.analysis").ENGINE_VERSION
    elif name in _HOMES:
        found = getattr(import_module(_HOMES[name]), name)
    else:
        plugins: Any = import_module("pluriscope.analysis.plugins")
        if name.startswith("_") or name not in plugins.entries("names"):
            raise AttributeError(f"module 'pluriscope' has no attribute {name!r}", name=name, obj=sys.modules[__name__])
        found = plugins.load("names", name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    plugins: Any = import_module("pluriscope.analysis.plugins")
    return sorted([*__all__, *plugins.entries("names")])
