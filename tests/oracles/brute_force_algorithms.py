"""Candidate algorithms the slow way: every tree written down as text, every text read character by character.

Shares no code with the engine. A text is an identity text: and-inverter (`!`, `&`) or the authors' (`¬`, `*`, `+`).
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations, product

LETTERS = "ABCDEF"
NOT = "!¬"


def rows(n):
    return list(product([0, 1], repeat=n))


def strip_outer(text):
    """The inside of a text that is one bracketed gate, else the text."""
    if not text.startswith("("):
        return text
    level = 0
    for at, sign in enumerate(text):
        level += (sign == "(") - (sign == ")")
        if level == 0:
            return text[1:-1] if at == len(text) - 1 else text
    raise AssertionError(text)


@lru_cache(maxsize=200_000)
def split(text):
    """(operator, parts): a letter, a negation of one text, or a gate of two."""
    if len(text) == 1:
        return "leaf", [text]
    body, level = strip_outer(text), 0
    for at, sign in enumerate(body):
        level += (sign == "(") - (sign == ")")
        if level == 0 and sign in "&*+":
            return ("or" if sign == "+" else "and"), [body[:at], body[at + 1 :]]
    assert body[0] in NOT, body
    return "not", [body[1:]]


def evaluate(text, row, forced=None, path=""):
    """The text's value on one row; `forced` gives values to variables by path.

    A path counts gates only. In the and-inverter form the variable is the gate under the negations, in the authors'
    the negation above it.
    """
    forced = forced or {}
    operator, parts = split(text)
    if operator == "leaf":
        return row[LETTERS.index(text)]
    authors = "!" not in text and "&" not in text
    if path in forced and (authors or operator != "not"):
        return forced[path]
    if operator == "not":
        rest = {key: value for key, value in forced.items() if key != path} if authors else forced
        return 1 - evaluate(parts[0], row, rest, path)
    left, right = (evaluate(part, row, forced, path + str(i)) for i, part in enumerate(parts))
    return left & right if operator == "and" else left | right


def table(text, n):
    return tuple(evaluate(text, row) for row in rows(n))


def depth(text):
    operator, parts = split(text)
    below = 0 if operator == "leaf" else max(depth(part) for part in parts)
    return below + (operator in ("and", "or"))


def gates(text):
    operator, parts = split(text)
    return 0 if operator == "leaf" else sum(gates(part) for part in parts) + (operator in ("and", "or"))


def variables(text, authors, path="", is_root=True):
    """{path: sub-text} of the variables."""
    inner = text
    while split(inner)[0] == "not":
        inner = split(inner)[1][0]
    found = {}
    if not is_root and (len(text) > 1 if authors else split(inner)[0] != "leaf"):
        found[path] = text if authors else inner
    if split(inner)[0] != "leaf":
        for position, part in enumerate(split(inner)[1]):
            found |= variables(part, authors, path + str(position), False)
    return found


def all_trees(n, max_depth):
    """Texts of every and-inverter tree without a negated root."""
    trees = set(LETTERS[:n])
    for _ in range(max_depth):
        gates_of_two = set()
        for x, y in combinations(sorted(trees), 2):
            for sign_x, sign_y in product(["", "!"], repeat=2):
                gates_of_two.add("(" + "&".join(sorted([sign_x + x, sign_y + y])) + ")")
        trees |= gates_of_two
    return trees


@lru_cache
def and_inverter(n, max_depth):
    """{truth table: every algorithm for it by depth, gates, text}."""
    texts = [sign + tree for tree in all_trees(n, max_depth) for sign in ("", "!")]
    found = {}
    for text in sorted(texts, key=lambda t: (depth(t), gates(t), t)):
        found.setdefault(table(text, n), []).append(text)
    return found


def skeletons(n, max_depth):
    """The authors' negation-free strings without outer brackets, in their order."""
    levels = [list(LETTERS[:n])]
    for _ in range(max_depth):
        before = [text for level in levels for text in level]
        levels.append(
            [
                sign.join(f"({t})" if len(t) > 1 else t for t in (left, right))
                for left in levels[-1]
                for right in before
                if left < right
                for sign in "*+"
            ]
        )
    return [text for level in levels for text in level]


def nodes_in_order(text, start=0):
    """Start of each node of a negation-free text in pre-order; the root of a bare gate starts before its brackets."""
    operator, parts = split(text)
    found = [(start, start + len(text))]
    if operator == "leaf":
        return found
    shift = start + (len(text) - len(strip_outer(text))) // 2
    found += nodes_in_order(parts[0], shift)
    found += nodes_in_order(parts[1], shift + len(parts[0]) + 1)
    return found


def with_negations(text, chosen):
    """The text with ¬ before the chosen nodes; the outermost gate gets brackets if it is negated."""
    places = nodes_in_order(text)
    if 0 in chosen and len(text) > 1:
        inner = with_negations(text, [i for i in chosen if i])
        return f"¬({inner})"
    for start in sorted((places[i][0] for i in chosen), reverse=True):
        text = text[:start] + "¬" + text[start:]
    return text


def formula_trees(target, n, max_depth):
    """The authors' candidates: for each skeleton the first set of negated nodes that fits, smallest sets first."""
    found = []
    for skeleton in skeletons(n, max_depth):
        n_nodes = len(nodes_in_order(skeleton))
        for chosen in (c for size in range(n_nodes + 1) for c in combinations(range(n_nodes), size)):
            text = with_negations(skeleton, chosen)
            if table(text, n) == tuple(target):
                found.append(text)
                break
    return found


def redundancy(text, n):
    """The three classes, each by trying."""
    everywhere = rows(n)
    letters = [tuple(row[i] for row in everywhere) for i in range(n)]
    trivial = {(0,) * 2**n, (1,) * 2**n, *letters, *(tuple(1 - bit for bit in column) for column in letters)}
    every, repeated = [], False

    def visit(sub):
        nonlocal repeated
        operator, parts = split(sub)
        below = [] if operator == "leaf" else [f for part in parts for f in visit(part)]
        if operator not in ("and", "or"):
            return below
        own = table(sub, n)
        every.append(own)
        repeated |= any(own == other or own == tuple(1 - bit for bit in other) for other in below)
        return [own, *below]

    visit(text)
    return {
        "irredundant-gates": not any(own in trivial for own in every),
        "irredundant-functions": not repeated,
        "irredundant-literals": all(t != table(text, n) for t in tables_with_one_edge_fixed(text, n)),
    }


def tables_with_one_edge_fixed(text, n):
    """The truth table with each edge into a gate in turn carrying the value that the gate ignores."""

    def value(sub, row, fixed, path):
        operator, parts = split(sub)
        if operator == "leaf":
            return row[LETTERS.index(sub)]
        if operator == "not":
            return 1 - value(parts[0], row, fixed, path)
        neutral = 1 if operator == "and" else 0
        left, right = (
            neutral if path + str(i) == fixed else value(part, row, fixed, path + str(i))
            for i, part in enumerate(parts)
        )
        return left & right if operator == "and" else left | right

    def edges(sub, path=""):
        operator, parts = split(sub)
        if operator == "leaf":
            return []
        if operator == "not":
            return edges(parts[0], path)
        return [e for i, part in enumerate(parts) for e in (path + str(i), *edges(part, path + str(i)))]

    return [tuple(value(text, row, edge, "") for row in rows(n)) for edge in edges(text)]
