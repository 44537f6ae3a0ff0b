"""Networks as their libraries hold them: modules of torch, models of packages that have one within, and perceptrons of
scikit-learn.

The libraries are found where whoever made the network loaded them, and what reads each is loaded there; nothing here
loads them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.network_files.files import NetworkFile
from pluriscope.live.calls import ReadTransformer
from pluriscope.live.scikit_learn import perceptron_file, perceptron_of

PACKAGES: Final = {"transformer_lens": "TransformerLens", "nnsight": "nnsight"}
"""How each is imported and called."""


@dataclass(frozen=True)
class PackageModel:
    """Content of a package's model.

    Args:
        module: of torch.
        package: how it is imported; "" where the module is no package's.
        token_ids: from a text to its token ids, None without a tokenizer.
        token_text: from a token id to its text, likewise.
        edited: whether the module stands for one with edits that the package makes only as it runs it.
    """

    module: Any
    package: str = ""
    token_ids: Callable[[str], list[int]] | None = None
    token_text: Callable[[int], str] | None = None
    edited: bool = False


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


def live_file(model: Any, context: int | None = None) -> NetworkFile | ReadTransformer | None:
    """Read a module of torch or a fitted perceptron of scikit-learn as a network; None for anything else.

    Args:
        context: how many tokens each row of a transformer has; as many as it has positions for if None.

    Raises:
        InvalidNetwork: parts that cannot be represented or run, each with its place, or values that are not there.
    """
    torch, perceptrons, base = map(sys.modules.get, ("torch", "sklearn.neural_network", "sklearn.base"))
    if torch is not None and isinstance(model, torch.nn.Module):
        from pluriscope.live.modules import read_module  # loads torch, which is there

        read = read_module(model, context)
        return read if isinstance(read, ReadTransformer) else read.file
    if perceptrons is not None and base is not None and isinstance(model, base.BaseEstimator):
        last, before = perceptron_of(model)
        if isinstance(last, (perceptrons.MLPClassifier, perceptrons.MLPRegressor)):
            return perceptron_file(model, last, before)
        cause = f"answers by {type(last).__name__}, which is no perceptron"
        cure = (
            "give a fitted MLPClassifier or MLPRegressor, such as one in it, or a pipeline or search that ends in one"
        )
        raise InvalidNetwork(f"model {type(model).__name__}", cause, cure)
    return None
