"""The least and the largest output of a circuit over a box of patched values, by mixed-integer programmes of HiGHS.

Shares no code with the engine: weights are read, and every neuron is written out by itself.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp


def worst_outputs(network, kept, row, low, high):
    """Pre-activations of the output, both ends.

    Args:
        kept: (layer, target, source) of kept edges.
        low: ``[layer][source]`` the least that an absent source carries.
        high: the most.
    """
    slope = {"leaky_relu": network.negative_slope, "relu": 0.0}[network.activation]
    ends, whole, rules = list[tuple[float, float]](), list[int](), list[tuple[dict[int, float], float, float]]()

    def variable(least, most, integral=False):
        ends.append((least, most))
        whole.append(int(integral))
        return len(ends) - 1

    free, last = {}, len(network.weights)
    values = [variable(value, value) for value in row]
    for layer in range(1, last + 1):
        after = []
        for target, bias in enumerate(network.biases[layer - 1].tolist()):
            here = [source for source in range(network.sizes[layer - 1]) if (layer, target, source) in kept]
            if layer < last and not here:
                after.append(None)
                continue
            terms, reach = dict[int, float](), [bias, bias]
            for source, weight in enumerate(network.weights[layer - 1][target].tolist()):
                if source in here:
                    one = values[source]
                elif (layer - 1, source) in free:
                    one = free[layer - 1, source]
                else:
                    one = free[layer - 1, source] = variable(low[layer - 1][source], high[layer - 1][source])
                terms[one] = terms.get(one, 0.0) + weight
                both = [weight * end for end in ends[one]]
                reach = [reach[0] + min(both), reach[1] + max(both)]
            total = variable(*reach)
            rules.append(({**terms, total: -1.0}, -bias, -bias))
            if layer == last:
                found = []
                for sign in (1, -1):
                    cost = np.zeros(len(ends))
                    cost[total] = sign
                    matrix = np.zeros((len(rules), len(ends)))
                    for at, (some, *_) in enumerate(rules):
                        matrix[at, list(some)] = list(some.values())
                    limits = LinearConstraint(matrix, [one[1] for one in rules], [one[2] for one in rules])
                    done = milp(cost, constraints=limits, bounds=Bounds(*zip(*ends, strict=True)), integrality=whole)
                    assert done.status == 0, done.message
                    found.append(sign * done.fun)
                return found
            down, up = min(reach[0], 0.0), max(reach[1], 0.0)
            out, side = variable(slope * down, up), variable(0, 1, integral=True)
            rules.append(({out: 1.0, total: -1.0}, 0.0, np.inf))  # never below the sum, nor below its slope times it
            rules.append(({out: 1.0, total: -slope}, 0.0, np.inf))
            rules.append(({out: 1.0, total: -1.0, side: -(slope - 1) * down}, -np.inf, 0.0))  # side 1: slope times it
            rules.append(({out: 1.0, total: -slope, side: (1 - slope) * up}, -np.inf, (1 - slope) * up))
            after.append(out)
        values = after
    raise AssertionError
