"""The graph of a model of any kind: its nodes in columns by layer, what a circuit keeps in ink and what it cuts pale.

A node that reads through several slots is a box with a place for each on its left side, any other a circle. An edge
that passes over a layer goes round below it, so that it touches no node there: all that leave one node go together,
and part where they enter another.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from pluriscope.analysis.subjects.graph import Edge, Graph
from pluriscope.figures.svg.elements import Step, circle, drawing, num, rect, text, touchable

COLUMN: Final = 190.0
GAP: Final = 92.0
_FEW_EDGES: Final = 100  # of more each is thinner
_DENSE: Final = (12, 46.0, 1.4)  # nodes in a column from which on these are nearer, and columns wider
PAD_X: Final = 74.0
PAD_Y: Final = 34.0
RADIUS: Final = 13.0
PORT: Final = 15.0
_AROUND: Final = 26.0
_APART: Final = 14.0  # of edges that go round, one below the other
_BESIDE: Final = (12.0, 40.0)  # how near a node they turn, and how much farther at most
_TURN: Final = 8.0  # radius of a turn
_WIDER: Final = 1.26  # columns, and as much higher, where nodes show where they look
_BOX: Final = (54.0, 42.0)  # half of such a node
_LETTERS: Final = 9  # places up to which each has its token


@dataclass(frozen=True)
class Looking:
    """Where nodes look on one row.

    Args:
        tokens: of the row.
        shares: node → the share that its last place gives to each; they are drawn wide enough for it.
        answer: of the whole graph, on its last node.
    """

    tokens: Sequence[str]
    shares: Mapping[int, Sequence[float]]
    answer: str


def graph_diagram(
    graph: Graph,
    kept: Sequence[bool] | None = None,
    *,
    title: str = "",
    thumb: bool = False,
    looking: Looking | None = None,
    alone: Sequence[bool] | None = None,
    steps: Mapping[str, Step] | None = None,
    changed: Collection[str] = (),
) -> Markup:
    """A model's graph, or a circuit of it.

    Args:
        graph: nodes and edges.
        kept: for each edge whether the circuit keeps it; None for the whole graph.
        title: what it is, put before the sentence made from the data.
        thumb: whether it is for lists: small, without names.
        looking: where its nodes look, which then are wide enough to show it.
        alone: for each edge whether it is thick, as one that another circuit cuts; None draws all that are kept alike.
        steps: name of a node or edge → where a click on it leads.
        changed: names of nodes and edges that stand out.
    """
    steps = steps or {}
    boxes = {} if looking is None else dict.fromkeys(looking.shares, _BOX)
    places, bottom = _places(graph, boxes)
    sources = sorted({edge.source for edge in graph.edges if _spans(graph, edge) > 1})
    around = {source: bottom + _AROUND + _APART * place for place, source in enumerate(sources)}
    width = places[-1][0] + PAD_X
    height = bottom + (_AROUND + _APART * len(around) if around else PAD_Y / 2)
    kept = [True] * len(graph.edges) if kept is None else kept
    thick, thin = (6.0, 1.5) if thumb else (3.4, 0.9)
    ink = (5.0 if thumb else 1.6) * min(1.0, (_FEW_EDGES / max(1, sum(kept))) ** 0.5)
    inks = [ink] * len(kept) if alone is None else [thick if one else thin for one in alone]
    drawn = zip(graph.edges, kept, inks, strict=True)
    both = zip(graph.edges, kept, strict=True)
    touched = {end for edge, keeps in both if keeps for end in (edge.source, edge.target)}
    names = dict(zip(graph.edges, graph.edge_names, strict=True))
    paths = {edge: _path(graph, places, edge, around, boxes) for edge in graph.edges}
    body = "".join(  # what is cut lies below
        _edge(paths[edge], 3.4 if names[edge] in changed else ink if keeps else 0.0, names[edge] in changed)
        for edge, keeps, ink in sorted(drawn, key=lambda one: one[1])
    )
    most = max((max(one) for one in looking.shares.values()), default=0.0) if looking else 0.0
    for number, node in enumerate(graph.nodes):
        there = number in touched or not node.removable
        x, y = places[number]
        own = _node(graph, number, x, y, "n-open" if there else "n-cut", named=not thumb, box=boxes.get(number))
        if looking is not None and number in looking.shares:
            shares = looking.shares[number]
            # of a drawing wider than its page, this part comes into view
            own += _bars(looking.tokens, shares, x, y, "most" if max(shares) == most else "")
        if node.name in changed:
            wide, half = (end + 5 for end in _half(graph, number, boxes.get(number)))
            own += rect(x - wide, y - half, 2 * wide, 2 * half, "vs-ring", 'rx="9"')
        body += steps[node.name].around(own) if node.name in steps else own
    chosen = ((steps.get(names[edge]), path) for edge, path in paths.items())
    body += "".join(step.around(touchable(path, "vs-hit")) for step, path in chosen if step)
    if looking is not None:
        x, y = places[-1]
        body += text(x, y + 4.5, looking.answer, "lab code", anchor="middle")
    keeps_all = all(kept)
    words = (
        f"{len(graph.nodes)} nodes, {sum(kept)} of {len(kept)} edges kept"
        if not keeps_all
        else (f"{len(graph.nodes)} nodes, {len(kept)} edges")
    )
    sentence = f"{title}: {words}" if title else words
    if thumb:
        return drawing(width, height, body, sentence=sentence, css_class="thumb", sizing="fluid")
    cut = [_edge_words(graph, edge) for edge, keeps in zip(graph.edges, kept, strict=True) if not keeps]
    details = f"Left out: {', '.join(cut)}." if cut and len(cut) <= 40 else ""
    css_class = "big graph wide vessels" if steps else "big graph wide"  # whose links show when they are pointed at
    return drawing(width, height, body, sentence=sentence, details=details, css_class=css_class)


def _columns(graph: Graph) -> list[tuple[int, int]]:
    """For each node its column and its place in the column."""
    layers = sorted({node.layer for node in graph.nodes})
    counts = dict.fromkeys(layers, 0)
    found = []
    for node in graph.nodes:
        found.append((layers.index(node.layer), counts[node.layer]))
        counts[node.layer] += 1
    return found


def _bars(tokens: Sequence[str], shares: Sequence[float], x: float, y: float, css_class: str) -> str:
    """A bar for each place that a node looks at, with its token where there is room."""
    left, floor = x - _BOX[0] + 20, y + _BOX[1] - 18
    step, body = (2 * _BOX[0] - 26) / len(tokens), ""
    for place, (token, share) in enumerate(zip(tokens, shares, strict=True)):
        tall = max(0.8, (2 * _BOX[1] - 26) * share)
        body += rect(left + step * place + 1, floor - tall, step - 2, tall, css_class, 'fill="var(--ink)"')
        if len(tokens) <= _LETTERS:
            body += text(left + step * (place + 0.5), floor + 13, token, "lab code", anchor="middle")
    return body


def _places(graph: Graph, boxes: Mapping[int, tuple[float, float]]) -> tuple[list[tuple[float, float]], float]:
    """Where the nodes stand, and the lowest of them."""
    columns = _columns(graph)
    sizes = [sum(column == one for one, _ in columns) for column, _ in columns]
    tallest, wider = max(sizes), _WIDER if boxes else 1.0
    many, near, apart = _DENSE
    gap, step = (near, COLUMN * apart) if tallest > many else (GAP, COLUMN)
    top = PAD_Y + (_BOX[1] if boxes else RADIUS)
    places = [
        (PAD_X + step * wider * column, top + gap * wider * (row + (tallest - size) / 2))
        for (column, row), size in zip(columns, sizes, strict=True)
    ]
    return places, max(y + _half(graph, number, boxes.get(number))[1] for number, (_, y) in enumerate(places))


def _spans(graph: Graph, edge: Edge) -> int:
    layers = sorted({node.layer for node in graph.nodes})
    return layers.index(graph.nodes[edge.target].layer) - layers.index(graph.nodes[edge.source].layer)


def _slots(graph: Graph, node: int) -> list[str]:
    """The slots through which a node reads, in order; [] if it has one place for all."""
    return [slot for slot in dict.fromkeys(edge.slot for edge in graph.edges if edge.target == node) if slot]


def _edge(path: str, ink: float, changed: bool) -> str:
    """An edge; one without ink is cut."""
    css_class = "e-neg" if changed else "e-pos" if ink else "e-cut"
    return f'<path class="{css_class}" d="{path}" stroke-width="{num(ink or 1.0)}"/>'


def _path(
    graph: Graph,
    places: list[tuple[float, float]],
    edge: Edge,
    around: dict[int, float],
    boxes: Mapping[int, tuple[float, float]],
) -> str:
    """The way of an edge; those that pass over a layer go round at the height of their source's."""
    (x1, y1), (x2, y2) = places[edge.source], places[edge.target]
    slots = _slots(graph, edge.target)
    if slots:
        y2 += (slots.index(edge.slot) - (len(slots) - 1) / 2) * PORT
    ends = (_half(graph, end, boxes.get(end))[0] for end in (edge.source, edge.target))
    x1, x2 = x1 + next(ends) + 1, x2 - next(ends) - 2
    if _spans(graph, edge) == 1:
        return f"M{num(x1)} {num(y1)}L{num(x2)} {num(y2)}"
    low, (near, more) = around[edge.source], _BESIDE
    off = near + more * list(around).index(edge.source) / len(around)
    return f"M{num(x1)} {num(y1)}{_turns(x1 + off, y1, low, 1)}{_turns(x2 - off, low, y2, -1)}H{num(x2)}"


def _turns(x: float, y1: float, y2: float, down: int) -> str:
    """Along at one height up to x, there down or up, and on at another height."""
    y = [num(one) for one in (y1, y1 + down * _TURN, y2 - down * _TURN, y2)]
    return f"H{num(x - _TURN)}Q{num(x)} {y[0]} {num(x)} {y[1]}V{y[2]}Q{num(x)} {y[3]} {num(x + _TURN)} {y[3]}"


def _node(
    graph: Graph, number: int, x: float, y: float, css_class: str, *, named: bool, box: tuple[float, float] | None
) -> str:
    slots = _slots(graph, number)
    wide, half = _half(graph, number, box)
    if not slots and box is None:
        found = circle(x, y, RADIUS, css_class)
    else:
        found = rect(x - wide, y - half, 2 * wide, 2 * half, css_class, 'rx="5"')
    if not named:
        return found
    for place, slot in enumerate(slots):
        at = y + (place - (len(slots) - 1) / 2) * PORT
        found += text(x - wide + RADIUS / 2 + 1, at + 3.5, slot, "lab s", anchor="middle")
    return found + text(x, y - half - 7, graph.nodes[number].label, "lab halo", anchor="middle")


def _half(graph: Graph, number: int, box: tuple[float, float] | None) -> tuple[float, float]:
    """Half the width and the height of a node."""
    slots = _slots(graph, number)
    return box or (RADIUS, PORT * len(slots) / 2 + 3 if slots else RADIUS)


def _edge_words(graph: Graph, edge: Edge) -> str:
    words = f"{graph.nodes[edge.source].label} to {graph.nodes[edge.target].label}"
    return f"{words} {edge.slot}" if edge.slot else words


def row_asked(tokens: Sequence[str], answer: str) -> Markup:
    """A row of a transformer's task, and what comes after it; a question mark where that is not told."""
    body, side = "", 30.0
    for number, words in enumerate([*tokens, answer or "?"]):
        x, last = 4 + number * (side + 6), number == len(tokens)
        body += rect(x + 6 * last, 4, side, side, "fl-forced" if last else "n-open")
        body += text(x + 6 * last + side / 2, 4 + side / 2 + 4.5, words, "lab", anchor="middle")
    width = 14 + (len(tokens) + 1) * (side + 6)
    return drawing(width, side + 8, body, sentence=f"{' '.join(tokens)} then {answer or '?'}", css_class="asked")
