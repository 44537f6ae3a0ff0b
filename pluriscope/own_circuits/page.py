"""The page of your own answer: a circuit that a reader gives, its answers, the number of valid circuits, and its
location among these. The address holds it all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final, TypeGuard

from markupsafe import Markup
from pydantic import Field

from pluriscope.analyses.analysis import on_own_rows
from pluriscope.analyses.methods import ties_words
from pluriscope.analyses.registry import BASELINE
from pluriscope.analyses.shown import AnalysisContext, settings_form, shown
from pluriscope.analysis.discovery.audit import Baseline
from pluriscope.analysis.discovery.claims import FORMS, Claim, Vocabulary, read_claim, vocabulary_of
from pluriscope.analysis.discovery.method import Answer
from pluriscope.analysis.discovery.ties import ties_json
from pluriscope.analysis.errors import AnalysisError, InvalidClaim
from pluriscope.analysis.methods.settings import filled, read_values
from pluriscope.analysis.questions.decisions import bounds_of, edges_of
from pluriscope.analysis.questions.protocol import in_space
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.analysis.subjects.question import SubjectQuestion
from pluriscope.figures.charts import Axis, Chart, Series
from pluriscope.figures.numbers import decimal, exact, noun
from pluriscope.figures.svg.charts import draw
from pluriscope.figures.svg.clickable import MAX_EDGES, clickable, toggled
from pluriscope.figures.svg.vessels import running
from pluriscope.objects.counts import Count
from pluriscope.own_circuits.answer import (
    MAX_ROWS,
    UNDEFINED,
    apart_words,
    changed,
    location,
    own_answer,
    part_names,
    sentence,
    standing,
)
from pluriscope.page_kit.blocks import Block, Choice, Form, Head, More, Notice, Prose, Section, Table
from pluriscope.views.networks import draw_network

MAX_TEXT: Final = 8_000
WHOLE: Final = "own"
"""Id of the block that is exchanged when something is clicked."""
UNNEEDED: Final = "unneeded"
_FEW: Final = 3
"""Circuits of which a chart says something."""
_WAYS: Final = ("c", "text")
"""Options that say what is claimed, each alone."""
_OTHERS: Final = """
[Mechanistic Validity](https://mechanistic-validity.github.io) has 27 criteria. The others ask about further tasks,
prompts, models and training, about the instrument, or about the words of a claim. A search of one network leaves them
open, and so gives no tier.
"""
_CARRIES: Final = {"zero": "0", "mean": "its mean over the inputs"}


@dataclass(frozen=True)
class Rival:
    """A valid circuit beside the reader's own.

    Args:
        title: which it is.
        about: how it differs.
        drawing: of it, what differs marked.
        name: of it.
        take: address of the page with it in place of what is given.
        compare: address of both beside each other; "" where they cannot be.
        apart: the runs in which they differ, first their number.
    """

    title: str
    about: str
    drawing: Markup
    name: str
    take: str
    compare: str = ""
    apart: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Switch:
    """A part of a circuit that a link leaves out, or keeps again.

    Args:
        bits: of a mask, hex.
        kept: whether it is kept.
    """

    name: str
    bits: str
    kept: bool
    loose: bool
    url: str


@dataclass(frozen=True, kw_only=True)
class OwnAnswer(Block):
    """A circuit that is clicked together, and what comes of it.

    Args:
        valid: whether it is; what is not has a dashed rule above it.
        first: a few words that are said first.
        then: the sentences after them.
        small: name and further remarks.
        mask: hex, as it was clicked together.
        drawing: of the network; its edges and neurons are links where they can be.
        switches: a link for each part, where the drawing has none.
        actions: what leads to another mask: key and words, with the address; "" where it cannot be asked now.
        heads: of the table of rows.
        rows: of it: cells, whether it is right, and where on its small axis the output stands.
        note: below it.
        rivals: beside each other.
        chart: how many valid circuits differ in how many parts.
        listed: the heading of the chart, and what stands beside it.
        running: what a browser runs the network by; None where the server alone does.
        form: address, and options that are kept, of the form for names, edges and scores.
        text: what stands in it.
    """

    valid: bool
    first: str
    then: str
    small: Sequence[str | Markup]
    mask: str
    drawing: Markup
    switches: Sequence[Switch]
    actions: Mapping[str, tuple[str, str]]
    heads: Sequence[str]
    rows: Sequence[Mapping[str, Any]]
    note: str
    rivals: Sequence[Rival]
    chart: Markup
    listed: tuple[str, str]
    running: Mapping[str, Any] | None
    form: tuple[str, Mapping[str, str]]
    text: str
    id: str = WHOLE


@dataclass(frozen=True)
class Upload(Block):
    """A file that is read at once.

    Args:
        url: where it is sent.
        about: what becomes of it.
    """

    url: str
    about: str


@dataclass(frozen=True, eq=False)
class Given:
    """A reader's own circuit, among the circuits that are known.

    Args:
        of: the network.
        count: how many circuits are valid, as far as that is known; None where nothing is.
        options: of the address, but for those that say which network.
        waiting: what is said while nothing is searched, or the search runs.
    """

    of: AnalysisContext[SubjectQuestion]
    count: Count | None
    options: Mapping[str, str]
    waiting: Sequence[Block] = ()

    @cached_property
    def about(self) -> Vocabulary:
        """Vocabulary of claims about this network."""
        return vocabulary_of(self.of.question)

    @cached_property
    def claim(self) -> Claim:
        """The reader's circuit; the whole network where the address has none.

        Raises:
            InvalidClaim: it cannot be read.
            InvalidMethod: a setting cannot.
        """
        options = {name: text.strip() for name, text in self.options.items() if text.strip()}
        ways = [name for name in _WAYS if name in options]
        if len(ways) > 1:
            raise InvalidClaim("claim", f"has {' and '.join(ways)}", "give one of them")
        settings = {name: text for name, text in options.items() if name not in ways}
        picking = read_values(self.about.settings, settings, "claim")
        filled(self.about.settings, picking, "claim")  # refuses what is no setting
        graph = self.about.names.graph
        text = options[ways[0]] if ways else graph.to_hex((1 << graph.n_bits) - 1)
        if len(text) > MAX_TEXT:
            cause, cure = f"is longer than {MAX_TEXT:,} characters", "give it as a file, or in a notebook to locate()"
            raise InvalidClaim("claim", cause, cure)
        return read_claim(text.encode(), self.about, picking)

    @cached_property
    def answer(self) -> Answer:
        """The claim as the answer of a discovery method.

        Raises:
            AnalysisError: it cannot be read, or its settings do not fit.
        """
        return self.claim.answer(self.of.landscape.under(self.claim.ablation))

    @cached_property
    def raw(self) -> int | None:
        """Mask of the claim before useless parts are removed; None where its scores pick none."""
        return self.answer.raw_mask

    @cached_property
    def refused(self) -> AnalysisError | None:
        """Error in reading the claim; None if it can be read."""
        try:
            self.answer  # noqa: B018
        except AnalysisError as error:
            return error
        return None

    @property
    def asks_scores(self) -> bool:
        """Whether settings for how scores pick a mask are of use: the claim has scores, or such settings."""
        picks = any(self.options.get(one.name) for one in self.about.settings)
        return picks or (self.refused is None and self.claim.scores is not None)

    @cached_property
    def record(self) -> dict[str, Any]:
        """First part of the answer's record, see :func:`standing`."""
        return standing(self.of.landscape, self.raw or 0, self.count)

    def whole_record(self) -> dict[str, Any]:
        """The answer's record, see :func:`own_answer`."""
        searched = self.of.analysed.search is not None
        return own_answer(self.of.landscape, self.claim, self.count, _held_against(self.of) if searched else None)

    def at(self, mask: int, **more: str) -> str:
        """The address of the page about a mask."""
        return self.of.links.claim(self.of.slug, self.of.scope, c=self.of.question.graph.to_hex(mask), **more)

    def without_unneeded(self) -> int:
        """The mask that is left when parts are left out one by one, those of least weight first, as long as what is
        left is valid.
        """
        masked = self.of.landscape.under("")
        order = sorted(range(masked.n_bits), key=lambda bit: (abs(masked.weights[bit]), bit))
        left = masked.deleted(self.raw or 0, order)
        return (self.raw or 0) if left is None else left


def page(own: Given, rules: Sequence[Choice] = ()) -> Iterator[Block]:
    """The page of what an address holds; what cannot be read stands in the form, below why."""
    yield Head("Your own answer", actions=rules)
    refused = own.refused
    if refused is not None:
        yield Notice.refused(refused)
    elif own.raw is None:
        yield Notice("No circuit", UNDEFINED, state="refused")
    else:
        yield from own.waiting
        yield _answer(own)
        yield More("Verdicts of the criteria", partial(_verdicts, own), "and where it stands among all valid circuits")
        if own.claim.scores is None:
            yield More("Scores, JSON, a graph or a file", partial(_form, own), "all that is read", id="form")
            return
    yield from _form(own)


def _answer(own: Given) -> OwnAnswer:
    of, reply = own.of, own.record
    graph, raw = of.question.graph, own.raw or 0
    first, then = sentence(reply, of.part)
    heads, rows, note = _rows(of, reply)
    known = exact(reply["listed"])
    listed = f"All {known} valid circuits" if reply["all_listed"] else f"The {known} valid circuits that are known"
    return OwnAnswer(
        valid=reply["state"] == "valid",
        first=first,
        then=then,
        small=[*_remarks(own)],
        mask=graph.to_hex(raw),
        drawing=_drawing(own),
        switches=[] if _is_drawn(of.question) else _switches(own),
        actions={
            "trim": ("Remove what is not needed", own.at(raw, without=UNNEEDED) if reply["state"] == "valid" else ""),
            "all": ("whole network", own.at((1 << graph.n_bits) - 1)),
            "none": ("empty", own.at(0)),
        },
        heads=heads,
        rows=rows,
        note=note,
        rivals=[*_rivals(own)],
        chart=draw(_chart(reply, of.part)),
        listed=(listed if reply["listed"] >= _FEW else "", f"by how many {of.part}s they differ from yours"),
        running=_running(of),
        form=(of.links.claim(of.slug), of.scope.query()),
        text=own.options.get("text", ""),
    )


def _remarks(own: Given) -> Iterator[str | Markup]:
    """Remarks in small print below the sentences."""
    of, reply, claim = own.of, own.record, own.claim
    name = Markup('<span class="mono">c-{}</span>').format(reply["mask"])
    possible = reply["state"] != "no circuit"
    yield Markup('<a href="{}">{}</a>').format(of.circuit_url(reply["mask"]), name) if possible else name
    if reply["left_over"]:
        yield f"leads nowhere, so left out: {', '.join(reply['left_over'])}"
    if reply["state"] == "valid":
        yield f"margin {decimal(reply['margin'], 3)}"
    if claim.scores is not None:
        yield f"picked from {noun(len(claim.scores), 'score')}"
    if claim.note:
        yield claim.note


# --- the drawing


def _is_drawn(question: SubjectQuestion) -> TypeGuard[Question]:
    """Whether edges and neurons can be clicked in the drawing."""
    return isinstance(question, Question) and question.graph.n_bits <= MAX_EDGES


def _drawing(own: Given) -> Markup:
    question, raw = own.of.question, own.raw or 0
    used = int(own.record["mask"], 16)
    if not _is_drawn(question):
        return draw_network(question, used, title="What is kept")
    weights, layout = question.network.weights, question.layout
    return clickable(weights, layout, raw, used, own.at, title="The network")


def _switches(own: Given) -> list[Switch]:
    raw, used, graph = own.raw or 0, int(own.record["mask"], 16), own.of.question.graph
    if graph.n_bits > MAX_EDGES:
        return []
    named = enumerate(part_names(graph))
    bits = ((name, 1 << bit) for bit, name in named)
    return [
        Switch(name, f"{bit:x}", bool(raw & bit), bool(raw & bit and not used & bit), own.at(toggled(raw, bit)))
        for name, bit in bits
    ]


def _running(of: AnalysisContext[SubjectQuestion]) -> Mapping[str, Any] | None:
    """Values by which a browser runs and judges the network: weights, rows, and the rules that make a circuit valid;
    None where it is too large.
    """
    question = of.question
    if not _is_drawn(question) or question.n_rows > MAX_ROWS:
        return None
    rows, labels = question.judged
    protocol, sizes = question.protocol, question.layout.sizes
    rule = protocol.circuit_decision
    reply: dict[str, Any] = {**running(question.network, 1.0), "sizes": sizes}
    return reply | {
        "rows": rows.tolist(),
        "wanted": labels.tolist(),
        "absent": [layer.tolist() for layer in question.absent],
        "families": [[[layer.tolist() for layer in one] for one in members] for members in question.ablations],
        "bounds": [bounds_of(0, rule), bounds_of(1, rule)],
        "edges": edges_of(rule),
        "threshold": protocol.accuracy_threshold,
        "counted": [in_space(n, sizes, protocol) for n in range(sum(sizes[1:-1]) + 1)],
    }


# --- rows


_LOW, _HIGH, _ACROSS = -1.0, 2.0, (6.0, 108.0)
_NEAREST_ROWS: Final = 16
"""Of a task of a model that are shown."""


def _across(output: float) -> float:
    """Position of an output on the small axis of a row, 120 units wide."""
    left, width = _ACROSS
    return left + width * (min(max(output, _LOW), _HIGH) - _LOW) / (_HIGH - _LOW)


def _rows(
    of: AnalysisContext[SubjectQuestion], reply: Mapping[str, Any]
) -> tuple[Sequence[str], list[Mapping[str, Any]], str]:
    """Heads of the table of rows, its rows, and the text below it."""
    rows: list[Mapping[str, Any]] = []
    question = of.question
    if not isinstance(question, Question):
        rows = [
            {
                "name": row["row"],
                "wanted": row["wanted"],
                "given": f"{row['given']}{'' if row['right'] else ', wrong'}",
                "margin": decimal(row["gap"], 3),
                "right": row["right"],
            }
            for row in sorted(reply["rows"], key=lambda row: row["gap"])[:_NEAREST_ROWS]
        ]
        some = (
            f"{len(rows)} of {exact(reply['n_rows'])} rows, smallest gaps first. "
            if len(rows) < reply["n_rows"]
            else ""
        )
        return ("row", "right", "answers", "gap"), rows, f"{some}The gap is the right output less the largest other."
    more = f"{exact(len(reply['rows']))} of {exact(reply['n_rows'])} rows, wrong ones first. "
    more = more if len(reply["rows"]) < reply["n_rows"] else ""
    protocol = question.protocol
    rule = protocol.circuit_decision
    between = {"0": bounds_of(0, rule), "1": bounds_of(1, rule)}
    for row in reply["rows"]:
        low, high = between.get(row["wanted"], (0.0, 0.0))
        ends = _across(_LOW if low is None else low), _across(_HIGH if high is None else high)
        rows.append(
            {
                "name": row["row"],
                "output": decimal(row["output"]),
                "box": (round(ends[0], 1), round(ends[1] - ends[0], 1)),
                "at": round(_across(row["output"]), 1),
                "given": f"{row['given']}{'' if row['right'] else ', wrong'}",
                "margin": decimal(row["margin"], 3) if row["right"] else "–",
                "right": row["right"],
            }
        )
    means = "1 above 0.5 and below 1.5; 0 from −0.5 to 0.5." if rule == "rounding" else "1 above 0.5, else 0."
    absent = "" if protocol.circuit_family != "own" else f" An edge left out carries {_CARRIES[protocol.ablation]}."
    return ("row", "output", "right if in the box", "answers", "margin"), rows, f"{more}{means}{absent}"


# --- rivals


def _rivals(own: Given) -> Iterator[Rival]:
    of, reply = own.of, own.record
    near, far, mask = reply["nearest_other"], reply["farthest"], int(reply["mask"], 16)
    if near is None:
        return
    valid, possible = reply["state"] == "valid", reply["state"] != "no circuit"
    short = near["differs"] <= 4
    about = changed(near) if short else f"{noun(near['edges'], of.part)}; differs in {near['differs']:,}"
    which = "other" if valid else "valid one"
    shown = [(f"The nearest {which}", about, near)]
    if far["mask"] != near["mask"]:
        shares = f"{noun(far['edges'], of.part)}; differs in {far['differs']:,}, shares {far['shared']:,} of yours"
        shown.append(("The farthest", shares, far))
    for title, words, one in shown:
        other = int(one["mask"], 16)
        beside = possible and not on_own_rows(of.question)
        yield Rival(
            title,
            words,
            of.thumb(one["mask"], marked=mask ^ other),
            f"c-{one['mask']}",
            own.at(other),
            of.compare([of.ref(reply["mask"]), of.ref(one["mask"])]) if beside else "",
            apart_words(one["apart"]) if one["apart"] else ("", ""),
        )


def _chart(reply: Mapping[str, Any], part: str) -> Chart:
    counts = [(away, n) for away, n in enumerate(reply["by_distance"]) if n]
    distances, heights = zip(*counts, strict=True) if counts else ((), ())
    axis = Axis(f"{part}s that differ from yours", low=-0.5)
    return Chart(
        "bars", "Valid circuits", axis, Axis("valid circuits", low=0), [Series("", distances, heights, look="grey")]
    )


# --- verdicts


def _held_against(of: AnalysisContext[SubjectQuestion]) -> Baseline | None:
    """Report of the baseline analysis, which claimed circuits are compared with; None where there is none."""
    return None if BASELINE is None or BASELINE.refuses(of.question) else of.report(BASELINE.key)


def _verdicts(own: Given) -> Iterator[Block]:
    of = own.of
    masked = of.landscape.under(own.claim.ablation) if own.claim.ablation else None
    null = _held_against(of)
    reply = location(of.landscape, own.raw or 0, masked, null)
    if "late" in reply:
        yield Notice("Some criteria are not decided.", reply["late"])
    rows = [(label, value) for label, value in _location(reply, own) if value not in (None, "")]
    yield Table.plain(("Among all valid circuits", "It"), rows)
    claimed = None if BASELINE is None or BASELINE.refuses(of.question) else shown(BASELINE).claimed
    if reply["valid"] and claimed is not None:
        met = [key for key, passed in (reply["criteria"] or {}).items() if passed]
        yield from claimed(null, of, reply["edges"], met)
    yield Section("In the terms of Mechanistic Validity", id="mechanistic-validity")
    terms = [tuple(one.values()) for one in reply["mechanistic_validity"]]
    yield Table.plain(("Criterion", "Validity", "Outcome", "Why"), terms)
    yield More("The other criteria", lambda: [Prose(_OTHERS)])


def _location(reply: Mapping[str, Any], own: Given) -> Iterator[tuple[str, Any]]:
    """Location of a circuit among the valid ones, as labels and values."""
    of, part, backbone = own.of, own.of.part, reply["backbone"]
    chance = reply["chance"]
    yield f"More {part}s than the smallest", reply["excess"]
    if chance["valid"] is not None:
        yield "Valid circuits of its size", f"{int(chance['valid']):,} of {int(chance['possible']):,}"
    else:
        yield "Valid circuits of its size", "not known exactly"
    if backbone:
        recall, of_all = backbone["recall"]
        outside = f", {backbone['extra']} outside it" if backbone["extra"] is not None else ""
        yield f"Backbone {part}s that it holds", f"{recall} of {of_all}{outside}"
    answer = own.answer
    if answer.ways and (ties := ties_json(answer.ways, answer.raw_mask or 0, of.landscape.under(own.claim.ablation))):
        yield "Ties", ties_words(ties, part)
    yield "Carried algorithms, beside the network's", reply["story"] and reply["story"]["relation"]
    for words, wanted in (("passed", True), ("failed", False)):
        keys = [key for key, passed in (reply["criteria"] or {}).items() if passed is wanted]
        yield f"Criteria {words}", ", ".join(keys)


# --- the form for all that is read


def _form(own: Given) -> Iterator[Block]:
    """Form for a claim, and the forms of text that it reads; settings for scores where scores are used."""
    of, names = own.of, own.about.names
    text = f"Nodes are {names.listed}. Edges are written as in {names.example}; helpful ones have negative scores."
    area: dict[str, Any] = {"control": "textarea", "placeholder": names.example}
    title = "A circuit: name, edges, scores, JSON or a graph"
    first: dict[str, Any] = {"text": (str, Field(title=title, description=text, json_schema_extra=area))}
    scored = own.asks_scores
    model, url = settings_form(own.about.settings if scored else (), of.scope, first), of.links.claim(of.slug)
    kept = {"text": next((own.options[name] for name in _WAYS if own.options.get(name)), "")}
    values = {**own.options, **kept, **of.scope.query()}
    yield Form(model, url, "Locate it", values, changes=False, primary=False)
    about = "Its text is read, and nothing of it is kept."
    yield Upload(of.links.claim(of.slug, of.scope), about)
    forms = "\n".join(f"- **{one.label}.** {one.about} `{one.example}`" for one in FORMS)
    yield More("What is read", lambda: [Prose(forms, glossary=False)])
