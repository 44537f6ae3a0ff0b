"""The graph of a model of any kind: its nodes in columns by layer, what a circuit keeps in ink and what it cuts pale.

A node that reads through several slots is a box with a place for each on its left side, any other a circle. An edge
that passes over a layer goes round below it, so that it touches no node there: all that leave one node go together,
and part where they enter another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import compress
from typing import Final

from markupsafe import Markup

from pluriscope.analysis.subjects.graph import Edge, Graph
from pluriscope.figures.svg.elements import Step, circle, drawing, num, rect, straight, stroke, text, text_width

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
_NAMED: Final = 7  # letters of what a node of a small drawing carries
_BELOW: Final = 10.0  # more where numbers stand below nodes
_LETTERS: Final = 9  # places up to which each has its token


@dataclass(frozen=True)
class Looking:
    """Attention of nodes on one row.

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
    carried: Mapping[str, str] | None = None,
    values: Mapping[str, str] | None = None,
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
        carried: name of a node that stands out → what it carries, written at its name.
        values: name of a node → the number below it.
    """
    carried = carried or {}
    changed, steps, kept = {*changed, *carried}, steps or {}, [True] * len(graph.edges) if kept is None else kept
    laid = _usual(graph) if looking is None else _Layout(graph, dict.fromkeys(looking.shares, _BOX))
    thick, thin = (6.0, 1.5) if thumb else (3.4, 0.9)
    ink = (5.0 if thumb else 1.6) * min(1.0, (_FEW_EDGES / max(1, sum(kept))) ** 0.5)
    inks = [ink] * len(kept) if alone is None else [thick if one else thin for one in alone]
    touched = {end for edge in compress(graph.edges, kept) for end in (edge.source, edge.target)}
    body = ""
    edges = zip(graph.edge_names, laid.ways, kept, inks, strict=True)
    for name, way, keeps, wide in sorted(edges, key=lambda one: one[2]):  # what is cut lies below
        width, css = (3.4, "e-neg") if name in changed else (wide, "e-pos") if keeps else (1.0, "e-cut")
        body += stroke(way, css, f'stroke-width="{num(width)}"')
    most = max((max(one) for one in looking.shares.values()), default=0.0) if looking else 0.0
    for number, node in enumerate(graph.nodes):
        there = number in touched or not node.removable
        own = laid.node(
            number,
            "n-open" if there else "n-cut",
            named=not thumb,
            carries=carried.get(node.name, ""),
            ringed=node.name in changed,
        )
        if looking is not None and number in looking.shares:
            shares = looking.shares[number]
            # of a drawing wider than its page, this part comes into view
            own += _bars(looking.tokens, shares, *laid.places[number], "most" if max(shares) == most else "")
        if values and node.name in values:
            x, y = laid.places[number]
            own += text(x, y + laid.half(number)[1] + 18, values[node.name], "lab s halo", anchor="middle")
        if node.name in changed:
            own += laid.box(number, 5, "vs-ring", 9)
        body += steps[node.name].around(own) if node.name in steps else own
    for name, way in zip(graph.edge_names, laid.ways, strict=True):
        body += steps[name].around(stroke(way, "vs-hit")) if name in steps else ""
    if looking is not None:
        x, y = laid.places[-1]
        body += text(x, y + 4.5, looking.answer, "lab code", anchor="middle")
    words = f"{len(graph.nodes)} nodes, {f'{sum(kept)} of ' if not all(kept) else ''}{len(kept)} edges"
    sentence = f"{title}{': ' if title else ''}{words}{'' if all(kept) else ' kept'}"
    if thumb:
        return drawing(*laid.size, body, sentence=sentence, css_class="thumb", sizing="fluid")
    left_out = [_edge_words(graph, edge) for edge, keeps in zip(graph.edges, kept, strict=True) if not keeps]
    details = f"Left out: {', '.join(left_out)}." if left_out and len(left_out) <= 40 else ""
    css_class = "big graph wide vessels" if steps else "big graph wide"  # whose links show when they are pointed at
    width, height = laid.size
    return drawing(width, height + _BELOW * bool(values), body, sentence=sentence, details=details, css_class=css_class)


@dataclass(frozen=True)
class _Layout:
    """Positions of the nodes of a graph, and paths of its edges.

    Args:
        boxes: node → half the width and the height of those that are wider than others.
    """

    graph: Graph
    boxes: Mapping[int, tuple[float, float]]

    @cached_property
    def columns(self) -> list[int]:
        """Column of each node, by its layer."""
        layers = sorted({node.layer for node in self.graph.nodes})
        return [layers.index(node.layer) for node in self.graph.nodes]

    @cached_property
    def slots(self) -> list[list[str]]:
        """Slots through which each node reads, in order; [] if it has no slots."""
        found: list[dict[str, None]] = [{} for _ in self.graph.nodes]
        for edge in self.graph.edges:
            found[edge.target][edge.slot] = None
        return [[slot for slot in some if slot] for some in found]

    @cached_property
    def places(self) -> list[tuple[float, float]]:
        """The middle of each node."""
        sizes, rows, wider = Counter(self.columns), Counter[int](), _WIDER if self.boxes else 1.0
        many, near, apart = _DENSE
        tallest = max(sizes.values())
        gap, step = (near, COLUMN * apart) if tallest > many else (GAP, COLUMN)
        top, found = PAD_Y + (_BOX[1] if self.boxes else RADIUS), []
        for column in self.columns:
            row = rows[column] + (tallest - sizes[column]) / 2
            found.append((PAD_X + step * wider * column, top + gap * wider * row))
            rows[column] += 1
        return found

    @cached_property
    def bottom(self) -> float:
        """The lowest that a node reaches."""
        return max(y + self.half(number)[1] for number, (_, y) in enumerate(self.places))

    @cached_property
    def around(self) -> dict[int, float]:
        """Height at which edges go round, for each node with edges that pass over a layer."""
        sources = sorted({edge.source for edge in self.graph.edges if self.spans(edge) > 1})
        return {source: self.bottom + _AROUND + _APART * position for position, source in enumerate(sources)}

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the drawing."""
        below = _AROUND + _APART * len(self.around) if self.around else PAD_Y / 2
        return self.places[-1][0] + PAD_X, self.bottom + below

    def half(self, number: int) -> tuple[float, float]:
        """Half the width and the height of a node."""
        slots = self.slots[number]
        return self.boxes.get(number) or (RADIUS, PORT * len(slots) / 2 + 3 if slots else RADIUS)

    def spans(self, edge: Edge) -> int:
        """Number of columns from the start of an edge to its end."""
        return self.columns[edge.target] - self.columns[edge.source]

    def port(self, number: int, slot: str) -> float:
        """The height of one of a node's slots."""
        slots = self.slots[number]
        return self.places[number][1] + (slots.index(slot) - (len(slots) - 1) / 2) * PORT

    @cached_property
    def ways(self) -> list[str]:
        """Of each edge."""
        return list(map(self.way, self.graph.edges))

    def way(self, edge: Edge) -> str:
        """The way of an edge; those that pass over a layer go round at the height of their source's."""
        (x1, y1), (x2, y2) = self.places[edge.source], self.places[edge.target]
        if self.slots[edge.target]:
            y2 = self.port(edge.target, edge.slot)
        x1, x2 = x1 + self.half(edge.source)[0] + 1, x2 - self.half(edge.target)[0] - 2
        if self.spans(edge) == 1:
            return straight((x1, y1, x2, y2))
        low, (near, more) = self.around[edge.source], _BESIDE
        off = near + more * list(self.around).index(edge.source) / len(self.around)
        return f"M{num(x1)} {num(y1)}{_turns(x1 + off, y1, low, 1)}{_turns(x2 - off, low, y2, -1)}H{num(x2)}"

    def box(self, number: int, more: float, css_class: str, corner: int) -> str:
        """A rectangle round a node, so much larger than it is."""
        (x, y), (wide, high) = self.places[number], (end + more for end in self.half(number))
        return rect(x - wide, y - high, 2 * wide, 2 * high, css_class, f'rx="{corner}"')

    def node(self, number: int, css_class: str, *, named: bool, carries: str = "", ringed: bool = False) -> str:
        """A node, with its name and those of its slots where it is named; what it carries is named everywhere."""
        (x, y), (wide, high), slots = self.places[number], self.half(number), self.slots[number]
        boxed = slots or number in self.boxes
        found = self.box(number, 0, css_class, 5) if boxed else circle(x, y, RADIUS, css_class)
        if not named:
            shown = carries if len(carries) <= _NAMED else f"{carries[: _NAMED - 1]}…"
            return found + (text(x, y + 16, shown, "carries halo", anchor="middle") if carries else "")
        for slot in slots:
            at = self.port(number, slot) + 3.5
            found += text(x - wide + RADIUS / 2 + 1, at, slot, "lab s", anchor="middle")
        label = self.graph.nodes[number].label + (f": {carries}" if carries else "")
        most, half = self.size[0], text_width(label, 14) / 2
        middle = max(half, min(x, most - half)) if carries and 2 * half < most else x
        return found + text(middle, y - high - (12 if ringed else 7), label, "lab halo", anchor="middle")


@lru_cache(maxsize=16)  # the hundreds of thumbs on a list are of one graph
def _usual(graph: Graph) -> _Layout:
    """Layout of a graph none of whose nodes is wider."""
    return _Layout(graph, {})


def _bars(tokens: Sequence[str], shares: Sequence[float], x: float, y: float, css_class: str) -> str:
    """A bar for each place that a node looks at, with its token where there is room."""
    left, floor = x - _BOX[0] + 20, y + _BOX[1] - 18
    step, body = (2 * _BOX[0] - 26) / len(tokens), ""
    for position, (token, share) in enumerate(zip(tokens, shares, strict=True)):
        tall = max(0.8, (2 * _BOX[1] - 26) * share)
        body += rect(left + step * position + 1, floor - tall, step - 2, tall, css_class, 'fill="var(--ink)"')
        if len(tokens) <= _LETTERS:
            body += text(left + step * (position + 0.5), floor + 13, token, "lab code", anchor="middle")
    return body


def _turns(x: float, y1: float, y2: float, down: int) -> str:
    """Along at one height up to x, there down or up, and on at another height."""
    y = [num(one) for one in (y1, y1 + down * _TURN, y2 - down * _TURN, y2)]
    return f"H{num(x - _TURN)}Q{num(x)} {y[0]} {num(x)} {y[1]}V{y[2]}Q{num(x)} {y[3]} {num(x + _TURN)} {y[3]}"


def _edge_words(graph: Graph, edge: Edge) -> str:
    words = f"{graph.nodes[edge.source].label} to {graph.nodes[edge.target].label}"
    return f"{words} {edge.slot}" if edge.slot else words


def row_asked(tokens: Sequence[str], answer: str) -> Markup:
    """Drawing of a row of a transformer's task with the answer after it; a question mark where that is not known."""
    body, side = "", 30.0
    for number, words in enumerate([*tokens, answer or "?"]):
        x, last = 4 + number * (side + 6), number == len(tokens)
        body += rect(x + 6 * last, 4, side, side, "fl-forced" if last else "n-open")
        body += text(x + 6 * last + side / 2, 4 + side / 2 + 4.5, words, "lab", anchor="middle")
    width = 14 + (len(tokens) + 1) * (side + 6)
    return drawing(width, side + 8, body, sentence=f"{' '.join(tokens)} then {answer or '?'}", css_class="asked")
