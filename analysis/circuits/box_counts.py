"""Count the sums of one term from each neuron that lie in a box on every row: compiled loops over two trees.

The last hidden layer's neurons are a *lead*, a *middle* and a *tail*. A choice is one set of sources for each neuron,
and adds to the output's pre-activation, row by row, the sum of one term from each. Choices of the middle and of the
tail are the leaves of two trees in which near points stand together; every node knows the least and the greatest sum
below it. For one choice of the lead, pairs of nodes are gone through from the roots:

1. If on some row no sum of the two can be right, none of their pairs counts.
2. If on every row all are right, all pairs count, by what the nodes hold, not one by one.
3. Else the larger node is replaced by its halves. Pairs of leaves are compared sum by sum.

The sums that bound are rounded in another order than the network's own. A *slack* beyond any such rounding stands on
each side of a box's ends, and a sum within it is taken anew in the network's order, so every verdict is the search's
own, to the last bit, ties on an end included. No product is added to anything here but in the slack, so it makes no
difference whether a processor fuses the two.

A circuit uses every active source. Where few choices are right, it is looked up what each uses. Else numbers of choices
that use only sources of U are counted for each set U and put together with alternating signs (inclusion and exclusion).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pluriscope.analysis.numerics.machine_code import loop

LEAF: Final = 16
"""Choices below which a tree is not divided further; a power of two."""
_UNIT: Final = 2.0**-53
_TRIED_AGAIN: Final = 16  # states that are too rich to be listed, until the next one is tried

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Part(NamedTuple):
    """Neurons that choose together, among so many sources, and room for the tree of their sums.

    Args:
        n_sources: all sources.
        first: the first of the neurons.
        n_neurons: how many; their choices are numbered with the first most significant.
        used: ``[choices]`` sources.
        class_of: ``[choices]``.
        sizes: ``[classes, 2]`` edges and active neurons of each class; the first holds the choice of nothing.
        order: ``[choices]`` numbers in the order of the leaves.
        class_at: ``[choices]`` in that order too.
        singly: ``[choices]`` pairs of single choices, in that order too.
        sums: ``[choices, rows]`` in the order of their numbers.
        points: ``[rows, choices]`` in that of the leaves.
        least: ``[nodes, rows]``; node n has the halves 2n + 1 and 2n + 2.
        greatest: ``[nodes, rows]``.
        held: ``[nodes, classes]`` how many choices of each class.
        partners: ``[nodes, classes of the other part]`` what all of a node has been paired with.
    """

    n_sources: int
    first: int
    n_neurons: int
    used: Ints
    class_of: Ints
    sizes: Ints
    order: Ints
    class_at: Ints
    singly: Ints
    sums: Floats
    points: Floats
    least: Floats
    greatest: Floats
    held: Ints
    partners: Ints


class Boxes(NamedTuple):
    """The pre-activations that are right, from low to high on every row, and the admitted numbers of active neurons.

    Args:
        bias: the output's.
        low: ``[rows]`` the least right pre-activation, or −∞.
        high: ``[rows]`` the greatest, or ∞.
        admitted: ``[neurons + 1]`` which numbers of active neurons count.
    """

    bias: float
    low: Floats
    high: Floats
    admitted: NDArray[np.bool_]


class Room(NamedTuple):
    """Working memory of the count on one lead: the stack of pairs of nodes, and what is known of the box.

    Args:
        stack: ``[pairs, 5]`` two nodes, how deep each is, and how often the pair was halved.
        rows: ``[halvings, rows]`` rows on which a pair is not yet right as a whole, those that rule most out first.
        n_rows: ``[halvings]`` how many they are.
        ends: ``[4, rows]`` sums of middle and tail below the first or above the third cannot be right; those from the
            second to the fourth are.
        size: ``[rows]`` the greatest sum of absolute values.
        singly: ``[classes of the middle, choices of the tail]`` right pairs of single choices, in that of the leaves.
        pairs: ``[classes of the middle, classes of the tail]`` right pairs.
        counts: the same, which pairs count.
        found: ``[·]`` right choices that use every source, where they are listed.
        n_found: ``[2]`` how many they are, and how many states were too rich to list them, one after the other.
        right: ``[choices of the tail]`` whether each is right with one of the middle, 0 or 1.
        near: likewise, whether it is within the slack of an end.
        sets: ``[sets of sources]`` those that may be chosen, the first few.
    """

    stack: Ints
    rows: Ints
    n_rows: Ints
    ends: Floats
    size: Floats
    singly: Ints
    pairs: Ints
    counts: NDArray[np.bool_]
    found: Ints
    n_found: Ints
    right: NDArray[np.uint8]
    near: NDArray[np.uint8]
    sets: Ints


class Problem(NamedTuple):
    """The count to be made on top of each state, with working memory."""

    boxes: Boxes
    middle: Part
    tail: Part
    room: Room


class Counts(NamedTuple):
    """The totals of a count, which the compiled loops add to.

    Args:
        below: ``[states]`` which row of ``by_size`` is a state's.
        by_unit: ``[states, leads]`` by the leads' numbers.
        by_size: ``[·, edges, active neurons]``.
        by_middle: ``[1 or leads, choices]`` by the middle's choice, for all leads together or for each.
        by_tail: ``[choices]``.
    """

    below: Ints
    by_unit: Ints
    by_size: Ints
    by_middle: Ints
    by_tail: Ints


@loop
def _halve(order: Ints, points: Floats, start: int, stop: int, least: Floats, greatest: Floats) -> None:
    """Order choices so that on the row where they spread most no sum in the first half is above one in the second."""
    row = 0
    for other in range(len(least)):
        if greatest[other] - least[other] > greatest[row] - least[row]:
            row = other
    middle, low, high = (start + stop) // 2, start, stop - 1
    while low < high:
        pivot = points[order[(low + high) // 2], row]
        i, j = low, high
        while i <= j:
            while points[order[i], row] < pivot:
                i += 1
            while points[order[j], row] > pivot:
                j -= 1
            if i <= j:
                order[i], order[j] = order[j], order[i]
                i += 1
                j -= 1
        if middle <= j:
            high = j
        elif middle >= i:
            low = i
        else:
            return


@loop
def _plant(part: Part, terms: Floats, sets: Ints) -> int:
    """Make the tree over a part's choices among some sources: halved again and again where it is spread most."""
    n_rows, n_chosen = terms.shape[2], len(sets)
    order, sums, numbers = part.order, part.sums, part.singly
    sums[0] = 0.0
    numbers[0] = 0
    size = 1
    for neuron in range(part.first, part.first + part.n_neurons):
        for choice in range(size - 1, -1, -1):  # from behind, so that what is read is not yet written over
            for chosen in range(n_chosen - 1, -1, -1):
                numbers[choice * n_chosen + chosen] = (numbers[choice] << part.n_sources) + sets[chosen]
                for row in range(n_rows):
                    sums[choice * n_chosen + chosen, row] = sums[choice, row] + terms[neuron, sets[chosen], row]
        size *= n_chosen
    n_points = size
    for position in range(n_points):
        order[position] = position
    n_nodes = 2 * max(1, n_points // LEAF) - 1
    part.least[:n_nodes] = np.inf
    part.greatest[:n_nodes] = -np.inf
    part.held[:n_nodes] = 0
    first = 0
    while first < n_nodes:
        for node in range(first, 2 * first + 1):
            least, greatest = part.least[node], part.greatest[node]
            start = (node - first) * size
            for position in range(start, start + size):
                point = sums[order[position]]
                part.held[node, part.class_of[numbers[order[position]]]] += 1
                for row in range(n_rows):
                    least[row] = min(least[row], point[row])
                    greatest[row] = max(greatest[row], point[row])
            if 2 * node + 2 < n_nodes:
                _halve(order, sums, start, start + size, least, greatest)
        size //= 2
        first = 2 * first + 1
    for position in range(n_points):
        for row in range(n_rows):
            part.points[row, position] = sums[order[position], row]
        order[position] = numbers[order[position]]
        part.class_at[position] = part.class_of[order[position]]
    part.singly[:n_points] = 0
    return n_points


@loop
def _summed(terms: Floats, bias: float, choice: int, n_first: int, n_sources: int, row: int) -> float:
    """Add the terms of the first neurons to a bias, in the network's order, for the choice with this number."""
    for neuron in range(n_first):
        bias += terms[neuron, choice >> n_sources * (n_first - 1 - neuron) & (terms.shape[1] - 1), row]
    return bias


@loop
def _is_right(terms: Floats, boxes: Boxes, choice: int, n_sources: int) -> bool:
    """Whether one choice of every neuron is right on every row."""
    for row in range(terms.shape[2]):
        total = _summed(terms, boxes.bias, choice, len(terms), n_sources, row)
        if total < boxes.low[row] or total > boxes.high[row]:
            return False
    return True


@loop
def _may_be_right(terms: Floats, boxes: Boxes, size: Floats) -> bool:
    """Whether no row rules every choice out; the greatest sum of absolute values on each row goes into ``size``."""
    n_neurons, n_sets, n_rows = terms.shape
    for row in range(n_rows):
        least = greatest = boxes.bias
        size[row] = abs(boxes.bias)
        for neuron in range(n_neurons):  # sums of the extremes, rounded in the network's order, bound all sums
            low = high = terms[neuron, 0, row]
            for chosen in range(1, n_sets):
                low, high = min(low, terms[neuron, chosen, row]), max(high, terms[neuron, chosen, row])
            least, greatest = least + low, greatest + high
            size[row] += max(abs(low), abs(high))
        if greatest < boxes.low[row] or least > boxes.high[row]:
            return False
    return True


@loop
def _chosen(number: int, n_neurons: int, n_sources: int) -> tuple[int, int, int]:
    """Sources used, edges and active neurons of one choice of some neurons."""
    used = edges = active = 0
    for _ in range(n_neurons):
        chosen = number & ((1 << n_sources) - 1)
        number >>= n_sources
        used |= chosen
        if chosen:
            active += 1
            edges += 1
        while chosen:
            edges += chosen & 1
            chosen >>= 1
    return used, edges, active


@loop
def _set_out(terms: Floats, problem: Problem, lead: int) -> None:
    """Set the ends that middle and tail must reach on top of one lead, and the pairs of their classes that count."""
    boxes, middle, tail, room = problem
    ends, size, slack = room.ends, room.size, 4.0 * (len(terms) + 4) * _UNIT
    for row in range(terms.shape[2]):
        start = _summed(terms, boxes.bias, lead, middle.first, middle.n_sources, row)
        low, high = boxes.low[row], boxes.high[row]
        slack_low = slack * (size[row] + abs(low)) if low > -np.inf else slack * size[row]
        slack_high = slack * (size[row] + abs(high)) if high < np.inf else slack * size[row]
        ends[0, row], ends[1, row] = low - start - slack_low, low - start + slack_low
        ends[2, row], ends[3, row] = high - start + slack_high, high - start - slack_high
    active = _chosen(lead, middle.first, middle.n_sources)[2]
    for c in range(len(middle.sizes)):
        for d in range(len(tail.sizes)):
            room.counts[c, d] = boxes.admitted[active + middle.sizes[c, 1] + tail.sizes[d, 1]]


@loop
def _meet(terms: Floats, problem: Problem, lead: int, n_points: tuple[int, int], most: int) -> tuple[int, int]:
    """Go through the pairs on one lead.

    Args:
        most: right ones looked at one by one, those that use every source listed; 0 to count all.

    Returns:
        Right pairs, more than ``most`` where they are not all looked at, and pairs of nodes visited.
    """
    boxes, middle, tail, room = problem
    n_sets = terms.shape[1]
    stack, rows, ends, counts = room.stack, room.rows, room.ends, room.counts
    nodes_m, nodes_t = 2 * max(1, n_points[0] // LEAF) - 1, 2 * max(1, n_points[1] // LEAF) - 1
    k_m, k_t = counts.shape
    every = boxes.admitted[1:].all()
    n_sources = middle.n_sources
    lead_used, _, lead_active = _chosen(lead, middle.first, n_sources)
    total = visits = 0
    # begin with the two roots, on which every row is open
    stack[0] = 0
    top = 1
    while top:
        top -= 1
        visits += 1
        m, t, level = stack[top, 0], stack[top, 1], stack[top, 4]
        depth_m, depth_t = stack[top, 2], stack[top, 3]
        # only rows that the nodes above left open are looked at: what held for a node holds for its halves
        is_out, n_left = False, 0
        for position in range(room.n_rows[level]):
            row = rows[level, position]
            least, greatest = middle.least[m, row] + tail.least[t, row], middle.greatest[m, row] + tail.greatest[t, row]
            if greatest < ends[0, row] or least > ends[2, row]:
                # what rules one pair out is likely to rule out the next
                rows[level, position], rows[level, 0] = rows[level, 0], row
                is_out = True
                break
            if least < ends[1, row] or greatest > ends[3, row]:
                rows[level + 1, n_left] = row
                n_left += 1
        if is_out:
            continue
        # the halves of this pair look at the rows alone that it left open
        level += 1
        room.n_rows[level] = n_left
        in_m, in_t = n_points[0] >> depth_m, n_points[1] >> depth_t
        # no row is open: all pairs are right, and are kept at the two nodes until they are handed down
        if n_left == 0 and most == 0:
            for c in range(k_m):
                tail.partners[t, c] += middle.held[m, c]
            for d in range(k_t):
                middle.partners[m, d] += tail.held[t, d]
            if every:
                total += in_m * in_t
                if lead_active == 0:  # the first class holds the choice of no source at all
                    total -= middle.held[m, 0] * tail.held[t, 0]
            else:
                for c in range(k_m):
                    for d in range(k_t):
                        if counts[c, d]:
                            total += middle.held[m, c] * tail.held[t, d]
            continue
        divides_m, divides_t = n_left > 0 and 2 * m + 2 < nodes_m, n_left > 0 and 2 * t + 2 < nodes_t
        # of two nodes that can be divided the one that stands higher is, so that both trees go down together
        if divides_m or divides_t:
            of_middle = divides_m and (not divides_t or depth_m <= depth_t)
            for half in range(1, 3):
                stack[top, 0], stack[top, 2] = (2 * m + half, depth_m + 1) if of_middle else (m, depth_m)
                stack[top, 1], stack[top, 3] = (t, depth_t) if of_middle else (2 * t + half, depth_t + 1)
                stack[top, 4] = level
                top += 1
            continue
        # two leaves, or all right and to be listed: one sum after the other
        if n_left == 0 and total + in_m * in_t > most:
            return most + 1, visits
        # comparing leaves takes as long as visiting so many pairs, which the budget counts
        visits += in_m * in_t // LEAF
        first_m, first_t = (m + 1 - (1 << depth_m)) * in_m, (t + 1 - (1 << depth_t)) * in_t
        right, near, class_at = room.right[:in_t], room.near[:in_t], tail.class_at[first_t : first_t + in_t]
        for i in range(first_m, first_m + in_m):
            c = middle.class_at[i]
            # without branches, so that several are compared at once
            for j in range(in_t):
                right[j], near[j] = counts[c, class_at[j]], 0
            for position in range(n_left):
                row = rows[level, position]
                left, points = middle.points[row, i], tail.points[row, first_t : first_t + in_t]
                low, sure_low, high, sure_high = ends[0, row], ends[1, row], ends[2, row], ends[3, row]
                for j in range(in_t):
                    value = left + points[j]
                    right[j] &= (value >= low) & (value <= high)
                    near[j] |= (value < sure_low) | (value > sure_high)
            # most sums are clearly right or wrong; only a right one near an end needs another look
            here = is_near = 0
            for j in range(in_t):
                here += right[j]
                is_near |= right[j] & near[j]
            # rare: a sum within the slack is taken anew, and where a list is wanted each right one is put there
            if is_near or (here and most):
                lead_and_i = ((lead << n_sources * middle.n_neurons) + middle.order[i]) << n_sources * tail.n_neurons
                for j in range(in_t):
                    choice = lead_and_i + tail.order[first_t + j]
                    if right[j] and near[j] and not _is_right(terms, boxes, choice, n_sources):
                        right[j] = 0
                        here -= 1
                    elif right[j] and most:
                        total += 1
                        if total > most:
                            return total, visits
                        used = lead_used | middle.used[middle.order[i]] | tail.used[tail.order[first_t + j]]
                        if used == n_sets - 1:
                            room.found[room.n_found[0]] = choice
                            room.n_found[0] += 1
            # right pairs of leaves are counted choice by choice; those of whole nodes are counted by class
            if here and most == 0:
                total += here
                middle.singly[i] += here
                singly = room.singly[c, first_t : first_t + in_t]
                for j in range(in_t):
                    singly[j] += right[j]
    return total, visits


@loop
def list_right(terms: Floats, problem: Problem, leads: Ints, most: int) -> int:
    """List the right choices that use every source, on some leads of one state, in the problem's room.

    Args:
        terms: ``[neurons, sets, rows]``.
        leads: numbers of the leading neurons' choices.
        most: right ones looked at, of all that use any sources.

    Returns:
        Pairs of nodes visited. Where not all are listed, −1 stands in the room for how many they are.
    """
    boxes, middle, tail, room = problem
    for chosen in range(terms.shape[1]):
        room.sets[chosen] = chosen
    n_points = (_plant(middle, terms, room.sets), _plant(tail, terms, room.sets))
    room.n_found[0] = n_right = n_visits = 0
    is_possible = _may_be_right(terms, boxes, room.size)
    for lead in leads:
        if not is_possible or n_right == most:
            room.n_found[0] = -1 if is_possible else 0
            return n_visits
        _set_out(terms, problem, lead)
        right, visits = _meet(terms, problem, lead, n_points, most - n_right)
        n_right += right
        n_visits += visits
        if n_right > most:
            room.n_found[0] = -1
            return n_visits
    return n_visits


@loop
def count_right(terms: Floats, problem: Problem, leads: Ints, most: int, budget: int, at: Ints, counts: Counts) -> int:
    """Count the right choices that use every source, on top of some states.

    Args:
        terms: ``[states, neurons, sets, rows]`` what each neuron adds for each set of sources.
        leads: numbers of the leading neurons' choices to go through, those of one size one after the other.
        most: right choices that are looked at one by one.
        budget: pairs of nodes visited, about; it ends after the lead with which they are.
        at: ``[6]`` the state, the set of sources (how many come before it) and the lead that come next; the state and
            the set that the trees are of; right choices of the state's first set. It is changed.

    Returns:
        1 if all are counted, else 0.
    """
    boxes, middle, tail, room = problem
    below, by_unit, by_size, by_middle, by_tail = counts
    n_neurons, n_sets, n_rows = terms.shape[1:]
    n_sources, full, n_visits = middle.n_sources, n_sets - 1, 0
    while at[0] < len(terms):
        state, here = at[0], terms[at[0]]
        # 1. no choice can lie in the boxes: nothing to count on this state
        is_done = not _may_be_right(here, boxes, room.size)
        if not is_done and at[1] == 0 and at[2] == 0 and most > 0 and room.n_found[1] % _TRIED_AGAIN == 0:
            # 2. few choices are right: it is looked up once what each uses, and no sets have to be gone through
            n_visits += list_right(here, problem, leads, most) + len(middle.order) + len(tail.order)
            is_done = room.n_found[0] >= 0
            room.n_found[1] = 0 if is_done else 1
            at[3] = -1
            for choice in room.found[: room.n_found[0] if is_done else 0]:
                _, n_edges, n_active = _chosen(choice, n_neurons, n_sources)
                by_size[below[state], n_edges, n_active] += 1
                by_unit[state, choice >> n_sources * (n_neurons - middle.first)] += 1
                by_middle[0, choice >> n_sources * tail.n_neurons & (len(middle.order) - 1)] += 1
                by_tail[choice & (len(tail.order) - 1)] += 1
        elif not is_done and at[1] == 0 and at[2] == 0:
            room.n_found[1] += 1
        # 3. inclusion and exclusion: the right choices within each set of sources, with alternating signs
        while at[1] < full and not is_done:
            # choices take sets of sources within the one in use; the sign follows from how many sources are left out
            used, n_used, n_chosen = full - at[1], 0, 0
            for chosen in range(n_sets):
                if chosen & ~used == 0:
                    room.sets[n_chosen] = chosen
                    n_chosen += 1
            while 1 << n_used < n_chosen:
                n_used += 1
            sign = -1 if n_sources - n_used & 1 else 1
            n_points = (1 << n_used * middle.n_neurons, 1 << n_used * tail.n_neurons)
            # the trees are of one state and set; after a pause they may still stand
            if at[3] != state or at[4] != at[1]:
                _plant(middle, here, room.sets[:n_chosen])
                _plant(tail, here, room.sets[:n_chosen])
                at[3], at[4] = state, at[1]
                n_visits += (n_points[0] + n_points[1]) * n_rows // 4
            gathered, edges, active = -1, 0, 0  # what has come together on leads of one size goes where it belongs
            while at[2] < len(leads) and (n_visits < budget or gathered < 0):
                number, lead = at[2], leads[at[2]]
                at[2] += 1
                lead_used, lead_edges, lead_active = _chosen(lead, middle.first, n_sources)
                if lead_used & ~used:
                    continue
                if gathered >= 0 and (len(by_middle) > 1 or lead_edges != edges or lead_active != active):
                    _gather(
                        problem, n_points, sign, by_size[below[state], edges:, active:], by_middle[gathered], by_tail
                    )
                gathered, edges, active = number if len(by_middle) > 1 else 0, lead_edges, lead_active
                _set_out(here, problem, lead)
                # a literal 0 would be compiled for itself
                right, visits = _meet(here, problem, lead, n_points, np.int64(0))  # type: ignore[arg-type]
                n_visits += visits
                by_unit[state, lead] += sign * right
                if at[1] == 0:
                    at[5] += right
            if gathered >= 0:
                _gather(problem, n_points, sign, by_size[below[state], edges:, active:], by_middle[gathered], by_tail)
            # the budget is spent: ``at`` has where to go on
            if at[2] < len(leads):
                return 0
            is_done = at[5] == 0  # nothing is right, whatever it uses
            at[1], at[2] = at[1] + 1, 0
            if n_visits >= budget and at[1] < full and not is_done:
                return 0
        # the state is done: the next one begins with its first set and lead
        at[0], at[1], at[2], at[5] = at[0] + 1, 0, 0, 0
        if n_visits >= budget and at[0] < len(terms):
            return 0
    return 1


@loop
def _gather(
    problem: Problem, n_points: tuple[int, int], sign: int, by_size: Ints, by_middle: Ints, by_tail: Ints
) -> None:
    """Add the right pairs on leads of one size, times a sign, to what they belong to, and forget them."""
    _, middle, tail, room = problem
    pairs, counts = room.pairs, room.counts
    k_m, k_t = pairs.shape
    for m in range(2 * max(1, n_points[0] // LEAF) - 1):
        for d in range(k_t):
            if middle.partners[m, d]:
                for c in range(k_m):
                    pairs[c, d] += middle.held[m, c] * middle.partners[m, d]
    for c in range(k_m):
        for j in range(n_points[1]):
            pairs[c, tail.class_at[j]] += room.singly[c, j]
            tail.singly[j] += room.singly[c, j]
            room.singly[c, j] = 0
        for d in range(k_t):
            if counts[c, d] and pairs[c, d]:
                edges, active = middle.sizes[c, 0] + tail.sizes[d, 0], middle.sizes[c, 1] + tail.sizes[d, 1]
                by_size[edges, active] += sign * pairs[c, d]
            pairs[c, d] = 0
    # literals would be compiled for themselves
    _hand_down(middle, n_points[0], counts, np.int64(0), sign, by_middle)  # type: ignore[arg-type]
    _hand_down(tail, n_points[1], counts, np.int64(1), sign, by_tail)  # type: ignore[arg-type]


@loop
def _hand_down(part: Part, n_points: int, counts: NDArray[np.bool_], axis: int, sign: int, by_choice: Ints) -> None:
    """Add the pairs of nodes and of single choices to each choice of a part, and forget them."""
    n_leaves = max(1, n_points // LEAF)
    in_leaf = n_points // n_leaves
    for node in range(2 * n_leaves - 1):
        if node < n_leaves - 1:
            for d in range(part.partners.shape[1]):
                if part.partners[node, d]:
                    part.partners[2 * node + 1, d] += part.partners[node, d]
                    part.partners[2 * node + 2, d] += part.partners[node, d]
        else:
            start = (node + 1 - n_leaves) * in_leaf
            for position in range(start, start + in_leaf):
                number = part.order[position]
                for d in range(part.partners.shape[1]):
                    own = part.class_at[position]
                    if part.partners[node, d] and (counts[d, own] if axis else counts[own, d]):
                        by_choice[number] += sign * part.partners[node, d]
                by_choice[number] += sign * part.singly[position]
                part.singly[position] = 0
        for d in range(part.partners.shape[1]):
            part.partners[node, d] = 0


@loop
def nth_right(terms: Floats, problem: Problem, first: int, number: int) -> int:
    """The right choice with this number, among those that use all sources and differ from one in the tail alone.

    Args:
        terms: ``[neurons, sets, rows]``.
        first: the choice of every neuron with none of the tail active.
        number: from 0, less than there are.
    """
    boxes, _, tail, room = problem
    n_neurons, n_sets, n_rows = terms.shape
    sums = room.size
    for choice in range(first, first + len(tail.order)):
        last = choice & (n_sets - 1)
        if choice == first or last == 0:
            for row in range(n_rows):
                sums[row] = _summed(terms, boxes.bias, choice >> tail.n_sources, n_neurons - 1, tail.n_sources, row)
        used, _, n_active = _chosen(choice, n_neurons, tail.n_sources)
        is_right = used == n_sets - 1 and boxes.admitted[n_active]
        for row in range(n_rows if is_right else 0):
            total = sums[row] + terms[n_neurons - 1, last, row]
            is_right &= total >= boxes.low[row] and total <= boxes.high[row]
        if is_right:
            if number == 0:
                return choice
            number -= 1
    return -1
