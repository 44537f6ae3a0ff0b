"""Names of activations, by the library that wrote them: what each computes, as it is written here.

``python -m benchmarks.activation_names`` makes :data:`NAMES` anew by running the libraries: a name is asked for its
values, with no parameter beside it, and these say which function it is. Where a file does not say which library wrote
it, a name means what it means in any of them; one of several meanings is asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from pluriscope.analysis.errors import InvalidNetwork
from pluriscope.analysis.subjects.perceptron.activations import FAMILIES, activation_of

OURS: Final = "pluriscope"
_SIX: Final = "hardtanh(min=0, max=6)"
_EVERY: Final = {
    **{one: one for one in ("relu", "tanh", "sigmoid", "elu", "softplus")},
    **dict.fromkeys(("silu", "swish"), "silu"),
    "relu6": _SIX,
    **dict.fromkeys(("linear", "identity", "none"), "linear"),
    **dict.fromkeys(("softmax", "logsoftmax"), "softmax"),
}
"""Those that mean the same in every library that has them."""
_LEAKY: Final = {"leakyrelu": "leaky_relu"}
_CLIPPED: Final = {"hardtanh": "hardtanh"}
_TANH_FORM: Final = "gelu_new"
NAMES: Final[Mapping[str, Mapping[str, str]]] = {
    "torch": {**_EVERY, **_LEAKY, **_CLIPPED, "gelu": "gelu", "celu": "elu"},
    "transformers": {
        **_EVERY, **_LEAKY, "gelu": "gelu", "geluerf": "gelu",
        **dict.fromkeys(("gelunew", "gelufast", "gelupytorchtanh", "geluaccurate"), _TANH_FORM),
    },
    "keras": {
        **_EVERY, **_CLIPPED, "leakyrelu": "leaky_relu(negative_slope=0.2)",
        "LeakyReLU": "leaky_relu(negative_slope=0.3)", "gelu": "gelu", "celu": "elu",
    },
    "jax": {**_EVERY, **_LEAKY, **_CLIPPED, "gelu": _TANH_FORM, "celu": "elu"},
    "scikit-learn": {"relu": "relu", "tanh": "tanh", "logistic": "sigmoid", "identity": "linear", "softmax": "softmax"},
    "paddle": {**_EVERY, **_LEAKY, **_CLIPPED, "gelu": "gelu", "celu": "elu"},
    "mlx": {**_EVERY, **_LEAKY, **_CLIPPED, "gelu": "gelu", "geluapprox": _TANH_FORM, "celu": "elu"},
    "tinygrad": {**_EVERY, **_LEAKY, **_CLIPPED, "gelu": _TANH_FORM, "celu": "elu"},
    "brain.js": {"sigmoid": "sigmoid", "relu": "relu", "tanh": "tanh", "leakyrelu": "leaky_relu"},
}  # fmt: skip
"""Library → its names in lower case without signs → the activation; names of classes that mean something else than the
function of that name as they are written.
"""
OTHERS: Final = re.compile(
    "selu|mish|(hard|log|sparse)(sigmoid|swish|silu|plus|max)|softsign|(tanh|hard|soft)shrink|threshold|[pr]relu|glu|"
    "exp(onential)?|squareplus|relu2|(re|ge|swi)glu|quickgelu|gelufastapprox|laplace|(log)+sigmoid|sin|cos|square"
)
"""Activations that libraries have and no network here can."""
MAX_NAME: Final = 200
"""Characters of a name; more of them are none."""
_WRITTEN: Final = re.compile(r"(?P<path>(?:\w+\.)*)(?P<name>[\w\- ]+?)\s*(?:\((?P<parameters>[^()]*)\))?", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_PATHS: Final = {
    "torch": "torch", "nn": "torch", "F": "torch", "jax": "jax", "flax": "jax", "keras": "keras", "tf": "keras",
    "paddle": "paddle", "mlx": "mlx",
}  # fmt: skip
"""The library of a name that is written with its module; ``nn`` alone may also be that of Flax or MLX."""
_PARAMETERS: Final[Mapping[str, tuple[str, ...]]] = {
    "leaky_relu": ("negative_slope",), "elu": ("alpha",), "softplus": ("beta", "threshold"), "hardtanh": ("min", "max"),
    "gelu": ("approximate",), "gelu_new": ("approximate",),
}  # fmt: skip
"""Of a function that is called with numbers alone, in the order in which every library has them."""
_SAME: Final = {"slope": "negative_slope", "neg_slope": "negative_slope", "min_val": "min", "max_val": "max"}
_FORMS: Final = {"none": "gelu", "false": "gelu", "tanh": _TANH_FORM, "true": _TANH_FORM}
_FAR: Final = 20.0
"""Above this torch computes softplus as its argument, by which it is off by less than 3e-9."""


def meanings(text: Any, library: str = "") -> tuple[str, ...]:
    """The activations that a name may stand for, as they are written here; none where it is not understood whole.

    Args:
        text: as a file has it, such as ``nn.LeakyReLU(0.2)``; None for no activation.
        library: that wrote the file, a key of :data:`NAMES` or :data:`OURS`; "" where that is not known.

    Raises:
        InvalidNetwork: it is one that no network here can have.
    """
    if text is None:
        return ("linear",)
    if not isinstance(text, str) or len(text) > MAX_NAME or (written := _WRITTEN.fullmatch(text.strip())) is None:
        return ()
    if library == OURS:
        try:
            return (activation_of(text).text,)
        except InvalidNetwork:
            library = ""
    first = written["path"].partition(".")[0]
    if first == "nn" and library in NAMES:
        known = [library]
    else:
        known = [_PATHS[first]] if first in _PATHS else [library] if library in NAMES else [*NAMES]
    plain = re.sub(r"[^a-z0-9]", "", written["name"].lower())
    if OTHERS.fullmatch(plain):
        cure = f"give a network with one of {', '.join(FAMILIES)}"
        raise InvalidNetwork(f"activation {text[:60]!r}", "is none that networks here have", cure)
    own = {"".join(one.split("_")): one for one in FAMILIES}
    for libraries in (known, NAMES):  # of a name that its library has not, what it means elsewhere
        bases = [NAMES[one].get(written["name"], NAMES[one].get(plain)) for one in libraries]
        if any(bases):
            break
    else:
        bases = [own.get(plain)]
    found = {_with(base, written["parameters"]) for base in bases if base}
    return () if None in found else (*sorted(filter(None, found)),)


def _with(base: str, written: str | None) -> str | None:
    """An activation with parameters as they are written in brackets; None where these are not understood."""
    if not (written or "").strip():
        return base
    name = activation_of(base).name if base != "softmax" else base
    order, given = _PARAMETERS.get(name, ()), dict[str, str]()
    for place, part in enumerate(str(written).split(",")):
        key, sign, value = (one.strip() for one in part.rpartition("="))
        key = key if sign else order[place] if place < len(order) else ""
        key = _SAME.get(key, key)
        if key == "inplace":
            continue
        if key not in order or key in given:
            return None
        given[key] = value.strip("'\"")
    if "approximate" in given:
        return _FORMS.get(given["approximate"].lower())
    if any(not _NUMBER.fullmatch(value) for value in given.values()):
        return None
    if name == "softplus" and float(given.pop("threshold", _FAR)) < _FAR:
        return None
    try:
        return activation_of(f"{name}({', '.join(f'{key}={float(value)!r}' for key, value in given.items())})").text
    except InvalidNetwork:
        return None
