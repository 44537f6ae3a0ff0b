"""Activations: one row for each, of all that depends on which it is; perceptrons and transformers share them.

A row of :data:`FAMILIES` is all that an activation needs here. What asks for something that it denies is refused by
name; nothing takes one activation for another, or one that falls for one that does not. An activation is written as its
name, with the parameters that differ from the usual ones: ``elu``, ``elu(alpha=0.5)``, ``hardtanh(min=-2, max=2)``.

Values and slopes are made of the four basic operations and :mod:`pluriscope.analysis.numerics.fixed_order`, so every
machine agrees.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from math import inf, log, pi, sqrt
from typing import Annotated, Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator
from pydantic.config import JsonDict

from pluriscope.analysis.errors import BeyondLimits, InvalidNetwork
from pluriscope.analysis.numerics.fixed_order import exp_of_negative, expm1_of_negative, log1p_of_share, normal, tanh

Array = NDArray[np.float64]
DEFAULT_NEGATIVE_SLOPE: Final = 0.01
TANH_EDGE: Final = 0.5493061443340549  # atanh(1/2)
_UNIT: Final = float(np.finfo(np.float64).eps)
_ULPS: Final = 32.0  # by which a slope made of exp may be wrong
_LOOSE: Final = 1e-12  # by which bounds of other slopes are moved outward, a thousand times what they may be wrong
_TINY: Final = 1e-300
_GELU_SCALE: Final = sqrt(2.0 / pi)
_GELU_CUBE: Final = 0.044715
_FARTHEST: Final = 1e6  # pre-activations between which a value is searched for
_SATURATED: Final = 100.0  # from where on tanh in the approximation of GELU is 1


@dataclass(frozen=True, eq=False)
class Activation:
    """An activation function with its parameters.

    Args:
        value: of pre-activations of any shape, a new array of that shape. −0 counts as 0: it may give a 0 of either
            sign, and nothing distinguishes these.
        slope: the derivative at pre-activations, given these and their values; at a kink the one that torch takes.
        steepest: the largest absolute slope.
        monotone: the real function never falls.
        low: no value is below.
        high: no value is above.
        kinks: the slope that is given at each pre-activation where there are two.
        straight: linear between its kinks.
        below: its slope below 0 if it is piecewise linear with slope 1 above, else None.
        inverse: of one that never falls: the pre-activation at which it gives −1/2, 1/2 and 3/2, and for every label
            that it never gives, 0.1 in place of 0 and 0.9 in place of 1; None for what it never gives. Exact, or the
            nearest float. Without it the float is searched for.
        slopes_between: bounds of all slopes between two pre-activations, sound for the real function.
        lowest_at: the pre-activation of the lowest value of one that falls below it and never falls above it.
        ulps: units in the last place within which values are right.
        input_ulps: and so many of the pre-activation's.
        name: of its family.
        label: for people, with its parameters.
        text: its name with the parameters that are not the usual ones, as it stands in files, addresses and digests.
        parameters: all of them.
    """

    value: Callable[[Array], Array]
    slope: Callable[[Array, Array], Array]
    steepest: float
    slopes_between: Callable[[Array, Array], tuple[Array, Array]]
    monotone: bool = False
    low: float = -inf
    high: float = inf
    kinks: Mapping[float, float] = field(default_factory=dict)
    straight: bool = False
    below: float | None = None
    inverse: Callable[[Fraction], Fraction | None] | None = None
    lowest_at: float | None = None
    ulps: float = 8.0
    input_ulps: float = 0.0
    name: str = ""
    label: str = ""
    text: str = ""
    parameters: Mapping[str, float] = field(default_factory=dict)

    def values_between(self, low: Array, high: Array) -> tuple[Array, Array]:
        """Bounds of all values between two pre-activations, sound for the real function."""
        ends = [self._within(low), self._within(high)]
        if self.lowest_at is None:
            return ends[0][0], ends[1][1]
        lowest = (low <= self.lowest_at) & (self.lowest_at <= high)
        least = np.where(lowest, self.low, np.minimum(ends[0][0], ends[1][0]))
        return least, np.maximum(ends[0][1], ends[1][1])

    def _within(self, at: Array) -> tuple[Array, Array]:
        values = self.value(at)
        wrong = np.abs(values) * (self.ulps * _UNIT) + _TINY
        if self.input_ulps:
            wrong += np.abs(at) * (self.input_ulps * _UNIT)
        return values - wrong, values + wrong

    def largest(self, largest: float) -> float:
        """A bound on absolute values at pre-activations of at most this size."""
        at_zero = abs(float(self.value(np.zeros(1))[0]))
        return min(at_zero + self.steepest * largest, max(-self.low, self.high))


@dataclass(frozen=True)
class Parameter:
    """A number that an activation is given: ``least <= number < most``.

    Args:
        torch: what the class of ``torch.nn`` calls it.
        onnx: the operator's attribute; "" if it has none.
        label: for people, where they call it something else.
    """

    name: str
    usual: float
    least: float
    most: float
    torch: str
    onnx: str = ""
    label: str = ""

    def checked(self, value: Any) -> float:
        """Check a value of the parameter; return it as a float.

        Raises:
            InvalidNetwork: it is none, or out of range.
        """
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not self.least <= value < self.most:
            cause = f"is outside [{self.least:g}, {self.most:g})"
            raise InvalidNetwork(f"{self.name} {value!r}", cause, f"give a number such as {self.usual:g}")
        return float(value)


@dataclass(frozen=True, eq=False)
class Family:
    """An activation with any values of its parameters: a row of the table.

    Args:
        name: in network files, addresses and digests.
        label: for people.
        member: of the values of its parameters, in their order.
        torch: class of ``torch.nn``; "" if there is none.
        torch_settings: of that class, by which it is known from others.
        onnx: operator; "" if there is none that does anything.
        sklearn: what ``MLPClassifier`` calls it.
        ascending: each parameter has to be above the one before.
    """

    name: str
    label: str
    member: Callable[..., Activation]
    parameters: tuple[Parameter, ...] = ()
    torch: str = ""
    torch_settings: Mapping[str, str] = field(default_factory=dict)
    onnx: str = ""
    sklearn: str = ""
    ascending: bool = False

    def text(self, parameters: Mapping[str, float]) -> str:
        """Write the activation with its parameters, those left out that have their usual values."""
        named = [(one, parameters.get(one.name, one.usual)) for one in self.parameters]
        unusual = ", ".join(f"{one.name}={_short(value)}" for one, value in named if value != one.usual)
        return f"{self.name}({unusual})" if unusual else self.name

    def with_parameters(self, parameters: Mapping[str, Any]) -> Activation:
        """The activation with these parameters; those left out have their usual values.

        Raises:
            InvalidNetwork: a parameter that it has not, or out of range.
        """
        known = {one.name: one for one in self.parameters}
        for name in parameters.keys() - known.keys():
            cure = f"give {' and '.join(known)} alone" if known else "leave it out"
            raise InvalidNetwork(f"activation {self.name}", f"has no parameter {name[:40]!r}", cure)
        values = {name: one.checked(parameters.get(name, one.usual)) for name, one in known.items()}
        if self.ascending and sorted(set(values.values())) != [*values.values()]:
            cause = f"has {', '.join(f'{name} {value:g}' for name, value in values.items())}"
            raise InvalidNetwork(f"activation {self.name}", cause, f"let {' be below '.join(known)}")
        shown = ", ".join(f"{one.label or one.name} {values[one.name]:g}" for one in self.parameters)
        label = f"{self.label} ({shown})" if shown else self.label
        made = self.member(*values.values())
        return replace(made, name=self.name, label=label, text=self.text(values), parameters=values)


def _short(value: float) -> str:
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)


def _sigmoid(at: Array) -> Array:
    decay = exp_of_negative(-np.abs(at))  # of a non-positive number only, so nothing overflows
    share: Array = np.where(at >= 0, 1.0, decay) / (1.0 + decay)
    return share


def _kinked(below: float) -> Callable[[Array, Array], tuple[Array, Array]]:
    """Bounds of the slopes of what is linear on both sides of 0."""

    def between(low: Array, high: Array) -> tuple[Array, Array]:
        flat = np.full(low.shape, below)
        return np.where(low > 0, 1.0, flat), np.where(high < 0, flat, 1.0)

    return between


def _bell(rate: float, height: float) -> Callable[[Array, Array], tuple[Array, Array]]:
    """Bounds of slopes ``height · d / (1 + d)²`` with d = exp(−rate |a|), which are steepest at 0 and fall away."""

    def between(low: Array, high: Array) -> tuple[Array, Array]:
        near = np.where((low <= 0) & (high >= 0), 0.0, np.minimum(np.abs(low), np.abs(high)))
        far = np.maximum(np.abs(low), np.abs(high))
        ends = []
        for at, sign in ((far, -1), (near, 1)):
            decay = exp_of_negative(-rate * at)
            steep = decay / (1 + decay) ** 2 * height
            ends.append(np.maximum(steep + sign * (steep * (_ULPS * _UNIT) + _TINY), 0.0))
        return ends[0], ends[1]

    return between


def _turning(
    slope: Callable[[Array], Array], *turns: tuple[float, float, float]
) -> Callable[[Array, Array], tuple[Array, Array]]:
    """Bounds of slopes that rise or fall between the places where they turn or jump.

    Args:
        turns: the pre-activation, the least slope next to it, the largest.
    """

    def between(low: Array, high: Array) -> tuple[Array, Array]:
        ends = slope(low), slope(high)
        least, most = np.minimum(*ends), np.maximum(*ends)
        for at, lower, upper in turns:
            inside = (low <= at) & (at <= high)
            least = np.where(inside, np.minimum(least, lower), least)
            most = np.where(inside, np.maximum(most, upper), most)
        return least - _LOOSE, most + _LOOSE

    return between


def _listed(inverses: Mapping[float, float]) -> Callable[[Fraction], Fraction | None]:
    """Return the inverse where it is known; numbers are written out, as the C library's may end otherwise."""
    return lambda value: Fraction(inverses[float(value)]) if float(value) in inverses else None


def _leaky(below: float) -> Activation:
    def inverse(value: Fraction) -> Fraction | None:
        return value if value >= 0 else value / Fraction(below) if below else None

    return Activation(
        value=lambda at: np.where(at > 0, at, at * below),
        slope=lambda at, _value: np.where(at > 0, 1.0, below),
        steepest=1.0,
        monotone=True,
        kinks={0.0: below},
        straight=True,
        below=below,
        inverse=inverse,
        slopes_between=_kinked(below),
    )


def _relu() -> Activation:
    return Activation(
        value=lambda at: np.maximum(at, 0.0),
        slope=lambda at, _value: np.where(at > 0, 1.0, 0.0),
        steepest=1.0,
        monotone=True,
        low=0.0,
        kinks={0.0: 0.0},
        straight=True,
        below=0.0,
        inverse=lambda value: value if value >= 0 else None,
        slopes_between=_kinked(0.0),
    )


def _tanh() -> Activation:
    return Activation(
        value=lambda at: tanh(at).astype(at.dtype, copy=False),
        slope=lambda _at, value: 1.0 - value * value,
        steepest=1.0,
        monotone=True,
        low=-1.0,
        high=1.0,
        inverse=_listed({-0.5: -TANH_EDGE, 0.0: 0.0, 0.5: TANH_EDGE, 0.9: 1.4722194895832204}),
        slopes_between=_bell(2.0, 4.0),
    )


def _logistic() -> Activation:
    return Activation(
        value=_sigmoid,
        slope=lambda _at, value: value * (1.0 - value),
        steepest=0.25,
        monotone=True,
        low=0.0,
        high=1.0,
        inverse=_listed({0.1: -2.1972245773362196, 0.5: 0.0, 0.9: 2.1972245773362196}),
        slopes_between=_bell(1.0, 1.0),
    )


def _linear() -> Activation:
    return Activation(
        value=lambda at: at.copy(),
        slope=lambda at, _value: np.ones_like(at),
        steepest=1.0,
        monotone=True,
        straight=True,
        below=1.0,
        inverse=lambda value: value,
        slopes_between=_kinked(1.0),
    )


def _gelu() -> Activation:
    """Hendrycks and Gimpel 2016 (arXiv:1606.08415): the number times the normal distribution function at it."""

    def slope(at: Array) -> Array:
        share, density = normal(at)
        return share + at * density

    return Activation(
        value=lambda at: at * normal(at)[0],
        slope=lambda at, _value: slope(at),
        steepest=1.13,
        low=-0.169972,
        lowest_at=-0.7517915246935645,
        ulps=12.0,
        slopes_between=_turning(
            slope,
            (-1.4142135623730951, -0.12890414518515479, -0.12890414518515479),
            (1.4142135623730951, 1.1289041451851548, 1.1289041451851548),
        ),
    )


def _gelu_new() -> Activation:
    """The approximation of GELU with tanh, from the same paper."""

    def value(at: Array) -> Array:
        near = np.clip(at, -_SATURATED, _SATURATED)
        return 0.5 * at * (1.0 + tanh(_GELU_SCALE * (near + _GELU_CUBE * (near * near * near))))

    def slope(at: Array) -> Array:
        near = np.clip(at, -_SATURATED, _SATURATED)
        square = near * near
        bent = tanh(_GELU_SCALE * (near + _GELU_CUBE * (square * near)))
        return 0.5 * (1.0 + bent) + 0.5 * near * (1.0 - bent * bent) * _GELU_SCALE * (1.0 + 3.0 * _GELU_CUBE * square)

    return Activation(
        value=value,
        slope=lambda at, _value: slope(at),
        steepest=1.13,
        low=-0.170041,
        lowest_at=-0.7524614220710163,
        input_ulps=8.0,
        slopes_between=_turning(
            slope,
            (-1.4185040087908284, -0.1289930686587718, -0.1289930686587718),
            (1.4185040087908284, 1.1289930686587718, 1.1289930686587718),
        ),
    )


def _silu() -> Activation:
    """The number times the sigmoid of it (Elfwing, Uchibe and Doya 2018, arXiv:1702.03118); also called swish."""

    def slope(at: Array) -> Array:
        share = _sigmoid(at)
        return share + at * share * (1.0 - share)

    return Activation(
        value=lambda at: at * _sigmoid(at),
        slope=lambda at, _value: slope(at),
        steepest=1.1,
        low=-0.278465,
        lowest_at=-1.278464542761074,
        slopes_between=_turning(
            slope,
            (-2.3993572805154677, -0.09983932012886692, -0.09983932012886692),
            (2.3993572805154677, 1.0998393201288669, 1.0998393201288669),
        ),
    )


def _elu(alpha: float) -> Activation:
    """Exponential linear unit (Clevert, Unterthiner and Hochreiter 2016, arXiv:1511.07289)."""

    def slope(at: Array) -> Array:
        return np.where(at > 0, 1.0, alpha * exp_of_negative(np.minimum(at, 0.0)))

    return Activation(
        value=lambda at: np.where(at > 0, at, alpha * expm1_of_negative(np.minimum(at, 0.0))),
        slope=lambda at, _value: slope(at),
        steepest=max(1.0, alpha),
        monotone=True,
        low=-alpha,
        kinks={} if alpha == 1.0 else {0.0: alpha},
        slopes_between=_turning(slope, (0.0, min(1.0, alpha), max(1.0, alpha))),
    )


def _softplus(beta: float) -> Activation:
    """Dugas et al. 2001: the logarithm of 1 + exp(beta · a), over beta."""
    return Activation(
        value=lambda at: np.maximum(at, 0.0) + log1p_of_share(exp_of_negative(-np.abs(beta * at))) / beta,
        slope=lambda at, _value: _sigmoid(beta * at),
        steepest=1.0,
        monotone=True,
        low=0.0,
        slopes_between=_turning(lambda at: _sigmoid(beta * at)),
        ulps=400.0,  # of an exponent of up to 708, of which half a unit is lost where beta is multiplied
    )


def _hardtanh(least: float, most: float) -> Activation:
    """Collobert 2004: the number, or the nearer of two ends."""

    def slope(at: Array) -> Array:
        return np.where((at > least) & (at < most), 1.0, 0.0)

    return Activation(
        value=lambda at: np.clip(at, least, most),
        slope=lambda at, _value: slope(at),
        steepest=1.0,
        monotone=True,
        low=least,
        high=most,
        kinks={least: 0.0, most: 0.0},
        straight=True,
        inverse=lambda value: value if least <= value <= most else None,
        slopes_between=_turning(slope, (least, 0.0, 1.0), (most, 0.0, 1.0)),
    )


_NEGATIVE_SLOPE: Final = Parameter(
    "negative_slope", DEFAULT_NEGATIVE_SLOPE, 0.0, 1.0, "negative_slope", "alpha", "slope"
)
FAMILIES: Final = {
    one.name: one
    for one in (
        Family("leaky_relu", "leaky ReLU", _leaky, (_NEGATIVE_SLOPE,), torch="LeakyReLU", onnx="LeakyRelu"),
        Family("relu", "ReLU", _relu, torch="ReLU", onnx="Relu", sklearn="relu"),
        Family("tanh", "tanh", _tanh, torch="Tanh", onnx="Tanh", sklearn="tanh"),
        Family("sigmoid", "sigmoid", _logistic, torch="Sigmoid", onnx="Sigmoid", sklearn="logistic"),
        Family("linear", "linear", _linear, torch="Identity", sklearn="identity"),
        Family("gelu", "GELU", _gelu, torch="GELU", torch_settings={"approximate": "none"}, onnx="Gelu"),
        Family("gelu_new", "GELU (by tanh)", _gelu_new, torch="GELU", torch_settings={"approximate": "tanh"}),
        Family("silu", "SiLU", _silu, torch="SiLU"),
        Family("elu", "ELU", _elu, (Parameter("alpha", 1.0, 0.0, 1e3, "alpha", "alpha"),), torch="ELU", onnx="Elu"),
        Family(
            "softplus",
            "softplus",
            _softplus,
            (Parameter("beta", 1.0, 0.01, 1e3, "beta"),),
            torch="Softplus",
            onnx="Softplus",
        ),
        Family(
            "hardtanh",
            "hardtanh",
            _hardtanh,
            (Parameter("min", -1.0, -1e3, 1e3, "min_val"), Parameter("max", 1.0, -1e3, 1e3, "max_val")),
            torch="Hardtanh",
            onnx="Clip",
            ascending=True,
        ),
    )
}
"""By name. gelu, gelu_new and silu are TransformerLens's names."""
_WRITTEN: Final = re.compile(r"(\w+)(?:\((.{0,100})\))?")
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


def activation_of(text: object, negative_slope: object = None) -> Activation:
    """The activation that is written so.

    Args:
        negative_slope: of a leaky ReLU that does not say it; None for the usual one.

    Raises:
        InvalidNetwork: an unknown one, a parameter that it has not, or one out of range.
    """
    try:
        return _activation(text, negative_slope)
    except TypeError:  # of what has no hash, such as a list
        if isinstance(text, str):
            _NEGATIVE_SLOPE.checked(negative_slope)
        raise _unknown(text) from None


def _unknown(text: object) -> InvalidNetwork:
    known = ", ".join(FAMILIES)
    return InvalidNetwork(f"activation {repr(text)[:60]}", "is not a known activation", f"use one of {known}")


@lru_cache(maxsize=1024, typed=True)
def _activation(text: object, negative_slope: object) -> Activation:
    written = _WRITTEN.fullmatch(text.strip()) if isinstance(text, str) else None
    if written is None or written[1] not in FAMILIES:
        raise _unknown(text)
    family, given = FAMILIES[written[1]], dict[str, object]()
    for part in filter(None, (one.strip() for one in (written[2] or "").split(","))):
        name, _, number = (one.strip() for one in part.partition("="))
        if name in given or not _NUMBER.fullmatch(number):
            cause = "stands twice" if name in given else "is no parameter with its number"
            item = f"{part[:40]!r} of activation {family.name}"
            raise InvalidNetwork(item, cause, "write it as in elu(alpha=0.5)")
        given[name] = float(number)
    if negative_slope is not None and _NEGATIVE_SLOPE in family.parameters:
        given.setdefault(_NEGATIVE_SLOPE.name, negative_slope)
    return family.with_parameters(given)


SIGMOID: Final = activation_of("sigmoid")


def usual_activations() -> tuple[Activation, ...]:
    """Every activation with its usual parameters."""
    return tuple(activation_of(name) for name in FAMILIES)


PROBES: Final = (-1.0, -1e3, -1e5, 1e5, 0.0)
"""Pre-activations at which the parameters of a possible activation are read off."""


def known_by_values(points: Array, values: Array, at_probes: Array, digits: int, near: float) -> Activation | None:
    """The activation with given values, and its parameters; None for none, and for the linear one.

    Args:
        points: where its values are known.
        values: there; perhaps rounded.
        at_probes: what it is at :data:`PROBES`.
        digits: to which parameters are read.
        near: how far values may be off, as a share of them or of 1.
    """
    below, far_below, least, most, middle = (float(f"{one:.{digits}g}") for one in at_probes)
    found = {"negative_slope": -below, "alpha": -far_below, "min": least, "max": most}
    found["beta"] = float(f"{log(2.0) / middle:.{digits}g}") if middle > 0 else 0.0
    for family in sorted(FAMILIES.values(), key=lambda one: len(one.parameters)):
        try:
            known = family.with_parameters({one.name: found[one.name] for one in family.parameters})
        except InvalidNetwork:
            continue
        if known.name != "linear" and np.allclose(known.value(points), values, near, near):
            return known
    return None


def _checked(text: str) -> str:
    try:
        return activation_of(text).text
    except InvalidNetwork as problem:
        raise ValueError(f"{problem.item} {problem.cause}; {problem.cure}") from None


ActivationName = Annotated[str, AfterValidator(_checked)]
"""How an activation is written in the options of a training or a study."""
EXAMPLES: Final[JsonDict] = {"examples": [*FAMILIES, "leaky_relu(negative_slope=0.2)", "elu(alpha=0.5)"]}
"""What a form suggests for it."""
CHOICES: Final = f"one of {', '.join(FAMILIES)}, with parameters in brackets, as in elu(alpha=0.5)"
"""What it may be, for people."""


def refuse_falling(item: str, *activations: Activation) -> None:
    """Refuse what takes the ends of an interval of pre-activations for those of the values on it.

    Raises:
        BeyondLimits: one of the activations falls somewhere.
    """
    for one in activations:
        if not one.monotone:
            cause = f"{one.name} falls somewhere, so the ends of an interval do not bound what lies between"
            raise BeyondLimits(item, cause, "use a network whose activations never fall")


@lru_cache(maxsize=256)
def inverse(known: Activation, value: Fraction) -> Fraction | None:
    """The one pre-activation at which an activation of outputs gives a value, None for what it never gives.

    Raises:
        BeyondLimits: it falls somewhere, so that there may be several.
    """
    if not known.monotone:
        cause = "falls somewhere, so it may give one value at several pre-activations"
        raise BeyondLimits(f"output activation {known.name}", cause, "use a network with another one")
    if known.inverse is not None:
        return known.inverse(value)
    if not known.low < value < known.high:
        return None
    low, high = -_FARTHEST, _FARTHEST
    while (middle := low + (high - low) / 2) not in (low, high):
        low, high = (middle, high) if known.value(np.array([middle]))[0] < value else (low, middle)
    return Fraction(high) if known.value(np.array([high]))[0] == value else Fraction(low)


def decision_edge(known: Activation) -> Fraction:
    """The pre-activation of an output at which 0 becomes 1.

    Raises:
        BeyondLimits: see :func:`inverse`; or it never gives 1/2.
    """
    edge = inverse(known, Fraction(1, 2))
    if edge is None:
        raise BeyondLimits(f"output activation {known.name}", "it never gives 1/2", "use a network with another one")
    return edge
