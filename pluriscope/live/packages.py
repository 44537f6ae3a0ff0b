"""Packages whose models hold a module of torch, each in a module of its own that is loaded where the package is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

PACKAGES: Final = {"transformer_lens": "TransformerLens", "nnsight": "nnsight"}
"""How each is imported and called."""


@dataclass(frozen=True)
class PackageModel:
    """What a package's model holds.

    Args:
        module: of torch.
        package: how it is imported; "" where the module is no package's.
        token_ids: from a text to its token ids, None without a tokenizer.
        token_text: from a token id to its text, likewise.
    """

    module: Any
    package: str = ""
    token_ids: Callable[[str], list[int]] | None = None
    token_text: Callable[[int], str] | None = None


def opened(model: Any) -> PackageModel:
    """The module within a package's model; what is of no package is its own.

    Raises:
        InvalidNetwork: the package has put into it what cannot be read.
    """
    for package in PACKAGES:
        if package in sys.modules:
            found: PackageModel | None = import_module(f"pluriscope.live.{package}").opened(model)
            if found is not None:
                return found
    return PackageModel(model)
