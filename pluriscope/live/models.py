"""Networks as their libraries hold them: modules of torch, and perceptrons of scikit-learn.

They are read by their parts, and kept beside what was read to be run: what they compute decides, not how their parts
are called. The libraries are found where whoever made the network loaded them; nothing here loads them.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import numpy as np

from analysis.errors import InvalidNetwork
from analysis.network_files.chain import Activated, Affine, Dense, Step, TwoClasses, file_of_steps
from analysis.network_files.files import NetworkFile
from analysis.network_files.original import DOUBLE, SINGLE, Original, Rows
from analysis.subjects.perceptron.activations import FAMILIES
from pluriscope.live.calls import ReadTransformer

_TRANSPARENT: Final = ("Identity", "Dropout", "AlphaDropout", "FeatureAlphaDropout", "Flatten")  # in evaluation mode
_TORCH: Final = tuple(one.torch for one in FAMILIES.values() if one.torch and one.torch not in _TRANSPARENT)
_READ: Final = ("Linear", "BatchNorm1d", "Softmax", "LogSoftmax", *_TORCH, *_TRANSPARENT)
_TOLERANCES: Final = {"torch.float64": DOUBLE, "torch.float32": SINGLE, "torch.float16": 1e-2, "torch.bfloat16": 1e-1}
_SKLEARN: Final = {one.sklearn: one.name for one in FAMILIES.values() if one.sklearn}


def live_file(
    model: Any,
    context: int | None = None,  # noqa: ARG001
) -> NetworkFile | ReadTransformer | None:
    """What a ``torch.nn.Sequential`` or a fitted perceptron of scikit-learn says of itself; None for anything else.

    Args:
        context: tokens of a row, of transformers; None for as many as its positions allow.

    Raises:
        InvalidNetwork: a part that cannot be represented or run, values that are not there, or nothing that says in
            which order its parts run.
    """
    torch, perceptrons, pipelines = map(sys.modules.get, ("torch", "sklearn.neural_network", "sklearn.pipeline"))
    if torch is not None and isinstance(model, torch.nn.Module):
        return _module_file(model, torch)
    if perceptrons is not None:
        last = model.steps[-1][1] if pipelines is not None and isinstance(model, pipelines.Pipeline) else model
        if isinstance(last, (perceptrons.MLPClassifier, perceptrons.MLPRegressor)):
            return _perceptron_file(model, last)
    return None


def _module_file(net: Any, torch: Any) -> NetworkFile:
    """The network that a Sequential computes in evaluation mode."""
    item = f"module {type(net).__name__}"
    if not isinstance(net, torch.nn.Sequential):
        wrapped = (one for one in ("module", "_orig_mod") if isinstance(getattr(net, one, None), torch.nn.Sequential))
        cause = "is no nn.Sequential, so nothing says in which order its layers run"
        cure = "give nn.Sequential(…) of its layers and activations, in the order of its forward"
        within = (f"give the nn.Sequential within it, its .{one}" for one in wrapped)
        raise InvalidNetwork(item, cause, next(within, cure))
    for name, values in (*net.named_parameters(), *net.named_buffers()):
        if torch.nn.parameter.is_lazy(values):
            raise InvalidNetwork(f"parameter {name}", "has no values yet", "run the module once, on a row of inputs")
        if values.is_meta:
            cause, cure = "is on the meta device, which holds no values", "load its weights onto another device first"
            raise InvalidNetwork(f"parameter {name}", cause, cure)
    dense = [part.weight for _, part in _parts(net, torch) if isinstance(part, torch.nn.Linear)]
    types = sorted({str(values.dtype) for values in (*net.parameters(), *dense)})
    if set(types) - _TOLERANCES.keys():
        raise InvalidNetwork(item, f"has parameters of {', '.join(types)}", "use float32 or float64: net.double()")
    steps: list[Step] = []
    doubts: list[str] = []
    for name, part in _parts(net, torch):
        kind = next((one for one in _READ if isinstance(part, getattr(torch.nn, one))), "Sequential")
        if not isinstance(part, getattr(torch.nn, kind)):
            cause = "is no dense layer and no known activation of torch.nn"
            named = f"module {name} ({type(part).__module__}.{type(part).__qualname__})"
            raise InvalidNetwork(named, cause, f"use only {', '.join(_READ)} of torch.nn")
        its = f"module {name}" if name else "the module"
        if type(part).forward is not getattr(torch.nn, kind).forward or "forward" in vars(part):
            doubts.append(f"{its} has a forward of its own")
        if part._forward_hooks or part._forward_pre_hooks:
            doubts.append(f"there are hooks on {its}")
        if kind != "Sequential":
            with _evaluation(part, f"module {name} ({kind})", torch):
                steps += _steps(kind, part, torch)
    end = steps[-1] if steps else None

    def run(rows: Rows) -> Rows:
        with _evaluation(net, item, torch):
            given = torch.as_tensor(rows).to(dense[0].device, dense[0].dtype)
            outputs, again = (_array(net(given)).reshape(len(rows), -1) for _ in range(2))
        if not np.array_equal(outputs, again, equal_nan=True):
            cure = "take out what it draws or counts from call to call"
            raise InvalidNetwork(item, "gives other outputs when it is run again", cure)
        if not isinstance(end, TwoClasses):
            return outputs
        second: Rows = outputs[:, 1:]
        return np.exp(second) if end.operator == "LogSoftmax" else second

    tolerance = max((_TOLERANCES[one] for one in types), default=DOUBLE)
    cure = f"{Original.cure}, such as an nn.Sequential of them alone"
    return replace(file_of_steps(steps, item), original=Original(run, tolerance, "; ".join(doubts), cure=cure))


def _parts(net: Any, torch: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """A Sequential and its modules, those of Sequentials within it included, with their places."""
    yield name, net
    if isinstance(net, torch.nn.Sequential):
        for place, part in enumerate(net):
            yield from _parts(part, torch, f"{name}.{place}" if name else str(place))


def _steps(kind: str, part: Any, torch: Any) -> list[Step]:
    """What a module of torch computes in evaluation mode."""
    if kind == "Linear":
        part(torch.zeros_like(part.weight[:1]))  # what sets a weight before each run, as pruning does, sets it now
        return [Dense(_array(part.weight), None if part.bias is None else _array(part.bias))]
    if kind == "BatchNorm1d":
        if part.running_var is None:
            raise InvalidNetwork(kind, "keeps no running statistics", "use track_running_stats=True, and train it so")
        scale = 1 / np.sqrt(_array(part.running_var) + part.eps)
        shift = -_array(part.running_mean) * scale
        return [Affine(scale, shift), *([Affine(_array(part.weight), _array(part.bias))] if part.affine else [])]
    for one in FAMILIES.values() if kind in _TORCH else ():
        if one.torch == kind and all(getattr(part, key) == value for key, value in one.torch_settings.items()):
            return [Activated(one.text({own.name: float(getattr(part, own.torch)) for own in one.parameters}))]
    if kind in _TORCH:
        raise InvalidNetwork(f"module {kind}", "has settings that no activation here has", "use its usual ones")
    return [] if kind in _TRANSPARENT else [TwoClasses(kind)]


def _array(values: Any) -> Rows:
    found: Rows = values.detach().cpu().double().numpy()
    return found


@contextmanager
def _evaluation(net: Any, item: str, torch: Any) -> Iterator[None]:
    """A module in evaluation mode and without gradients; the mode of each of its modules is restored."""
    modes = [(part, part.training) for part in net.modules()]
    try:
        with _running(item), torch.no_grad():
            net.eval()
            yield
    finally:
        for part, mode in modes:
            part.training = mode


@contextmanager
def _running(item: str) -> Iterator[None]:
    """Other people's code runs: what it warns of is passed over, what it raises is told."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except InvalidNetwork:
        raise
    except Exception as error:  # whatever it may be
        told = " ".join(str(error).split())[:200]
        cure = "mend it until it runs here on rows of its inputs and gives its outputs alone"
        raise InvalidNetwork(item, f"fails when it is run ({type(error).__name__}: {told})", cure) from error


def _perceptron_file(model: Any, last: Any) -> NetworkFile:
    """The network that a fitted perceptron computes, behind the scalers of its pipeline if it has some."""
    item = f"model {type(model).__name__}"
    if not hasattr(last, "coefs_"):
        raise InvalidNetwork(item, "is not fitted", "call fit first")
    if last.out_activation_ not in _SKLEARN:
        cause = f"has the output activation {last.out_activation_!r}, which is not that of a single output"
        raise InvalidNetwork(item, cause, "use two classes, one column of labels for each output, or squared errors")
    steps: list[Step] = []
    if model is not last:  # a scaler is known by what it makes of 0 and 1; what is none differs on other rows
        n_inputs = getattr(model, "n_features_in_", last.n_features_in_)  # not every first step knows its own
        with _running(item):
            made = np.array([[0.0], [1.0]]).repeat(n_inputs, axis=1)
            for _, step in model.steps[:-1]:  # one by one: together they fail if one does not tell that it is fitted
                made = step.transform(made) if hasattr(step, "transform") else made
            zero, one = np.asarray(made.toarray() if hasattr(made, "toarray") else made, dtype=np.float64)
        if len(zero) != n_inputs:
            cause = f"turns {n_inputs} inputs into {len(zero)} before the perceptron"
            raise InvalidNetwork(item, cause, "use scalers alone, which take each input by itself")
        steps.append(Affine(one - zero, zero))
    with _running(item):
        weights, biases = ([np.asarray(one) for one in values] for values in (last.coefs_, last.intercepts_))
    for weight, bias in zip(weights, biases, strict=True):
        hidden = Activated(_SKLEARN[last.activation])
        steps += [Dense(weight.T.astype(np.float64), bias.astype(np.float64)), hidden]
    steps[-1] = Activated(_SKLEARN[last.out_activation_])
    probable = getattr(model, "predict_proba", None)
    second = [*last.classes_.tolist(), 1][1] if probable is not None and last.n_outputs_ == 1 else None

    def run(rows: Rows) -> Rows:
        with _running(item):
            predicted = np.asarray(model.predict(rows)).reshape(len(rows), -1)
            if probable is None:
                return predicted.astype(np.float64)
            outputs = np.asarray(probable(rows), dtype=np.float64).reshape(len(rows), -1)[:, second is not None :]
        decided = predicted.astype(bool) if second is None else predicted == second
        for row, k in np.argwhere(decided != (outputs > 0.5))[:1]:
            on = f"is {outputs[row, k]:.4g} on row {row}, inputs {', '.join(f'{value:.4g}' for value in rows[row])}"
            raise InvalidNetwork(f"output {k}", f"{on}, and predict gives {predicted[row, k]}", Original.cure)
        return outputs

    double = all(weight.dtype == np.float64 for weight in weights)
    file = replace(file_of_steps(steps, item), original=Original(run, DOUBLE if double else SINGLE))
    if second is None or last.classes_.tolist() == [0, 1]:
        return file
    return replace(file, remarks=(*file.remarks, f"The output is the probability of {second!r}."))
