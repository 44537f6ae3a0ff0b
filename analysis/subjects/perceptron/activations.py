"""Activations: one record for each, of all that depends on which it is; perceptrons and transformers share them.

A record in the table of a kind of networks is all that an activation needs there. What asks for something that a record
leaves out refuses it by name; nothing takes one activation for another, or one that falls for one that does not.
Values and slopes are made of the four basic operations and :mod:`analysis.fixed_order`, so every machine agrees.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import inf, pi, sqrt
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.errors import BeyondLimits
from analysis.fixed_order import exp_of_negative, tanh

Array = NDArray[np.float64]
Slope = float | None
"""A network's slope below 0, None for the usual one; read by what is ``sloped`` alone."""
DEFAULT_NEGATIVE_SLOPE: Final = 0.01
TANH_EDGE: Final = 0.5493061443340549  # atanh(1/2)
_UNIT: Final = float(np.finfo(np.float64).eps)
_ULPS: Final = 32.0  # by which a slope made of exp may be wrong
_TINY: Final = 1e-300
_GELU_SCALE: Final = sqrt(2.0 / pi)


@dataclass(frozen=True, eq=False)
class Activation:
    """One activation. Its functions are given the network's slope below 0 last.

    Args:
        name: in network files, addresses and digests.
        label: for people.
        value: of pre-activations of any shape, a new array of that shape. −0 counts as 0: it may give a 0 of either
            sign, and nothing tells these apart.
        slope: the derivative at pre-activations, given these and their values; at a kink the one from below.
        steepest: the largest absolute slope.
        monotone: the real function never falls.
        low: no value is below.
        high: no value is above.
        sloped: its slope below 0 is a setting of the network.
        below: its slope below 0 (by default, if ``sloped``) if it is piecewise linear with slope 1 above; else None.
        inverse: the pre-activation at which it gives −1/2, 1/2 and 3/2, and for every label that it never gives, 0.1 in
            place of 0 and 0.9 in place of 1; None for what it never gives. Exact, or the nearest float.
        slopes_between: bounds of all slopes between two pre-activations, sound for the real function. With them goes
            that values are right within 8 units in the last place.
        torch: class of ``torch.nn``; "" if there is none.
        torch_settings: of that class; a slope below 0 is called ``negative_slope`` there.
        onnx: operator; "" if there is none that does anything.
        sklearn: what ``MLPClassifier`` calls it.
    """

    name: str
    label: str
    value: Callable[[Array, Slope], Array]
    slope: Callable[[Array, Array, Slope], Array]
    steepest: float
    monotone: bool = False
    low: float = -inf
    high: float = inf
    sloped: bool = False
    below: float | None = None
    inverse: Callable[[Fraction, Slope], Fraction | None] | None = None
    slopes_between: Callable[[Array, Array, Slope], tuple[Array, Array]] | None = None
    torch: str = ""
    torch_settings: Mapping[str, str] = field(default_factory=dict)
    onnx: str = ""
    sklearn: str = ""

    def bend(self, negative_slope: Slope) -> float | None:
        """The slope below 0 if it is piecewise linear with slope 1 above 0, else None."""
        return self.below if negative_slope is None or not self.sloped else negative_slope


def _usual(slope: Slope) -> float:
    return DEFAULT_NEGATIVE_SLOPE if slope is None else slope


def _sigmoid(at: Array, _slope: Slope) -> Array:
    decay = exp_of_negative(-np.abs(at))  # of a non-positive number only, so nothing overflows
    share: Array = np.where(at >= 0, 1.0, decay) / (1.0 + decay)
    return share


def _gelu_new(at: Array, _slope: Slope) -> Array:
    """Hendrycks and Gimpel 2016 (arXiv:1606.08415), by its approximation with tanh."""
    return 0.5 * at * (1.0 + tanh(_GELU_SCALE * (at + 0.044715 * (at * at * at))))


def _gelu_new_slope(at: Array, _value: Array, _slope: Slope) -> Array:
    square = at * at
    bent = tanh(_GELU_SCALE * (at + 0.044715 * (square * at)))
    return 0.5 * (1.0 + bent) + 0.5 * at * (1.0 - bent * bent) * _GELU_SCALE * (1.0 + 3.0 * 0.044715 * square)


def _leaky_inverse(value: Fraction, slope: Slope) -> Fraction | None:
    if value >= 0:
        return value
    below = Fraction(_usual(slope))
    return value / below if below else None


def _listed(places: Mapping[float, float]) -> Callable[[Fraction, Slope], Fraction | None]:
    """The inverse where it is known; numbers written out, as the C library's may end otherwise."""
    return lambda value, _slope: Fraction(places[float(value)]) if float(value) in places else None


def _kinked(below: float | None) -> Callable[[Array, Array, Slope], tuple[Array, Array]]:
    """Bounds of the slopes of what is linear on both sides of 0; None for the network's slope below 0."""

    def between(low: Array, high: Array, slope: Slope) -> tuple[Array, Array]:
        flat = np.full(low.shape, _usual(slope) if below is None else below)
        return np.where(low > 0, 1.0, flat), np.where(high < 0, flat, 1.0)

    return between


def _bell(rate: float, height: float) -> Callable[[Array, Array, Slope], tuple[Array, Array]]:
    """Bounds of slopes ``height · d / (1 + d)²`` with d = exp(−rate |a|), which are steepest at 0 and fall away."""

    def between(low: Array, high: Array, _slope: Slope) -> tuple[Array, Array]:
        near = np.where((low <= 0) & (high >= 0), 0.0, np.minimum(np.abs(low), np.abs(high)))
        far = np.maximum(np.abs(low), np.abs(high))
        ends = []
        for at, sign in ((far, -1), (near, 1)):
            decay = exp_of_negative(-rate * at)
            steep = decay / (1 + decay) ** 2 * height
            ends.append(np.maximum(steep + sign * (steep * (_ULPS * _UNIT) + _TINY), 0.0))
        return ends[0], ends[1]

    return between


LEAKY_RELU: Final = Activation(
    name="leaky_relu",
    label="leaky ReLU",
    value=lambda at, slope: np.where(at > 0, at, at * _usual(slope)),
    slope=lambda at, _value, slope: np.where(at > 0, 1.0, _usual(slope)),
    monotone=True,
    steepest=1.0,
    sloped=True,
    below=DEFAULT_NEGATIVE_SLOPE,
    inverse=_leaky_inverse,
    slopes_between=_kinked(None),
    torch="LeakyReLU",
    onnx="LeakyRelu",
)
RELU: Final = Activation(
    name="relu",
    label="ReLU",
    value=lambda at, _slope: np.maximum(at, 0.0),
    slope=lambda at, _value, _slope: np.where(at > 0, 1.0, 0.0),
    monotone=True,
    low=0.0,
    steepest=1.0,
    below=0.0,
    inverse=lambda value, _slope: value if value >= 0 else None,
    slopes_between=_kinked(0.0),
    torch="ReLU",
    onnx="Relu",
    sklearn="relu",
)
TANH: Final = Activation(
    name="tanh",
    label="tanh",
    value=lambda at, _slope: tanh(at).astype(at.dtype, copy=False),
    slope=lambda _at, value, _slope: 1.0 - value * value,
    monotone=True,
    low=-1.0,
    high=1.0,
    steepest=1.0,
    inverse=_listed({-0.5: -TANH_EDGE, 0.0: 0.0, 0.5: TANH_EDGE, 0.9: 1.4722194895832204}),
    slopes_between=_bell(2.0, 4.0),
    torch="Tanh",
    onnx="Tanh",
    sklearn="tanh",
)
SIGMOID: Final = Activation(
    name="sigmoid",
    label="sigmoid",
    value=_sigmoid,
    slope=lambda _at, value, _slope: value * (1.0 - value),
    monotone=True,
    low=0.0,
    high=1.0,
    steepest=0.25,
    inverse=_listed({0.1: -2.1972245773362196, 0.5: 0.0, 0.9: 2.1972245773362196}),
    slopes_between=_bell(1.0, 1.0),
    torch="Sigmoid",
    onnx="Sigmoid",
    sklearn="logistic",
)
LINEAR: Final = Activation(
    name="linear",
    label="linear",
    value=lambda at, _slope: at.copy(),
    slope=lambda at, _value, _slope: np.ones_like(at),
    monotone=True,
    steepest=1.0,
    below=1.0,
    inverse=lambda value, _slope: value,
    slopes_between=_kinked(1.0),
    torch="Identity",
    sklearn="identity",
)
GELU_NEW: Final = Activation(
    name="gelu_new",
    label="GELU (by tanh)",
    value=_gelu_new,
    slope=_gelu_new_slope,
    low=-0.1701,
    steepest=1.13,
    torch="GELU",
    torch_settings={"approximate": "tanh"},
)
OF_PERCEPTRONS: Final = {one.name: one for one in (LEAKY_RELU, RELU, TANH, SIGMOID, LINEAR)}
OF_TRANSFORMERS: Final = {one.name: one for one in (RELU, GELU_NEW)}
"""Those of MLP blocks; the names are TransformerLens's."""
if TYPE_CHECKING:
    ActivationName = str
else:
    ActivationName = Literal[tuple(OF_PERCEPTRONS)]


def refuse_falling(item: str, *names: ActivationName) -> None:
    """Refuse what takes the ends of an interval of pre-activations for those of the values on it.

    Raises:
        BeyondLimits: one of the activations falls somewhere.
    """
    for name in names:
        if not OF_PERCEPTRONS[name].monotone:
            cause = f"{name} falls somewhere, so the ends of an interval do not bound what lies between"
            raise BeyondLimits(item, cause, "use a network whose activations never fall")


def inverse(name: ActivationName, value: Fraction, negative_slope: Slope) -> Fraction | None:
    """The one pre-activation at which an activation of outputs gives a value, None for what it never gives.

    Raises:
        BeyondLimits: that is not known, as of one that falls somewhere.
    """
    known = OF_PERCEPTRONS[name]
    if known.inverse is None or not known.monotone:
        cause = "it is not known at which one pre-activation it gives what"
        raise BeyondLimits(f"output activation {name}", cause, "use a network with another one")
    return known.inverse(value, negative_slope)


def decision_edge(name: ActivationName, negative_slope: Slope) -> Fraction:
    """The pre-activation of an output at which 0 becomes 1.

    Raises:
        BeyondLimits: see :func:`inverse`; or it never gives 1/2.
    """
    edge = inverse(name, Fraction(1, 2), negative_slope)
    if edge is None:
        raise BeyondLimits(f"output activation {name}", "it never gives 1/2", "use a network with another one")
    return edge
