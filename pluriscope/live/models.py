"""Networks as their libraries hold them: modules of torch, and perceptrons of scikit-learn.

They are read by what they compute, and kept beside what was read to be run. The libraries are found where whoever made
the network loaded them; nothing here loads them.
"""

from __future__ import annotations

import sys
from typing import Any

from analysis.network_files.files import NetworkFile
from pluriscope.live.calls import ReadTransformer
from pluriscope.live.scikit_learn import perceptron_file


def live_file(model: Any, context: int | None = None) -> NetworkFile | ReadTransformer | None:
    """What a module of torch or a fitted perceptron of scikit-learn computes; None for anything else.

    Args:
        context: how many tokens each row of a transformer has; as many as it has positions for if None.

    Raises:
        InvalidNetwork: parts that cannot be represented or run, each with its place, or values that are not there.
    """
    torch, perceptrons, pipelines = map(sys.modules.get, ("torch", "sklearn.neural_network", "sklearn.pipeline"))
    if torch is not None and isinstance(model, torch.nn.Module):
        from pluriscope.live.modules import read_module  # loads torch, which is there

        read = read_module(model, context)
        return read if isinstance(read, ReadTransformer) else read.file
    if perceptrons is not None:
        last = model.steps[-1][1] if pipelines is not None and isinstance(model, pipelines.Pipeline) else model
        if isinstance(last, (perceptrons.MLPClassifier, perceptrons.MLPRegressor)):
            return perceptron_file(model, last)
    return None
