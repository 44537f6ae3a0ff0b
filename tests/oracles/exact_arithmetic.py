"""Networks and circuits in exact arithmetic: rationals where neurons are piecewise linear, else 60 digits.

No code of the engine. A float is a rational, so a piecewise-linear network has one exact output on every point.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

DIGITS = 60


def bent(value, kind, slope):
    if kind == "leaky_relu":
        return value if value > 0 else value * Fraction(slope)
    if kind == "relu":
        return max(value, Fraction(0))
    if kind == "linear":
        return value
    with localcontext() as context:
        context.prec = DIGITS
        z = Decimal(value.numerator) / Decimal(value.denominator)
        if kind == "tanh":
            grown = (2 * z).exp()
            return Fraction((grown - 1) / (grown + 1))
        return Fraction(1 / (1 + (-z).exp()))


def output(network, kept, row):
    """The output of a circuit under zero ablation (every edge kept: of the network) on a row of floats or rationals."""
    values = [Fraction(x) for x in row]
    last = len(network.sizes) - 1
    for layer in range(1, last + 1):
        kind = network.output_activation if layer == last else network.activation
        current = []
        for out in range(network.sizes[layer]):
            into = [s for s in range(network.sizes[layer - 1]) if (layer, out, s) in kept]
            if layer < last and not into:
                current.append(Fraction(0))
                continue
            total = Fraction(float(network.biases[layer - 1][out]))
            for source in into:
                total += Fraction(float(network.weights[layer - 1][out][source])) * values[source]
            current.append(bent(total, kind, network.negative_slope))
        values = current
    return values[0]


def decision(value, rule):
    """0, 1 or −1 for neither; rounding is half to even."""
    if rule == "threshold":
        return int(value > Fraction(1, 2))
    if Fraction(1, 2) < value < Fraction(3, 2):
        return 1
    return 0 if Fraction(-1, 2) <= value <= Fraction(1, 2) else -1
