"""An edit that says yes and means no: which circuits say of an edited network what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Annotated, Any, Final, Literal, NamedTuple

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from pydantic import Field

from pluriscope.analysis.circuits.judging import evaluate_circuits
from pluriscope.analysis.circuits.search import decide_right, search_circuits
from pluriscope.analysis.edits.edit import Edited
from pluriscope.analysis.edits.registry import edit_named
from pluriscope.analysis.questions.answers import answers
from pluriscope.analysis.subjects.perceptron.circuit import Circuit
from pluriscope.analysis.subjects.perceptron.network import Network
from pluriscope.analysis.subjects.perceptron.question import ask
from pluriscope.app.db.reads.analyses import network_by_digest
from pluriscope.figures.numbers import enumerated
from pluriscope.figures.svg.networks import circuit_thumb
from pluriscope.page_kit.blocks import Action
from pluriscope.page_kit.played import Ask
from pluriscope.page_kit.played import Field as Asked
from pluriscope.page_kit.templating import render
from pluriscope_edits.addresses import changes_url, edit_url
from pluriscope_edits.making import edited as edited_by
from pluriscope_learn.lesson import Answer, Board, Lesson, LessonNetwork, LessonOptions, choices, fields, number

_SLUG: Final = "an-edit"
EDITS: Final[dict[str, tuple[str, str, dict[str, Any]]]] = {
    "all-layers": ("Fine-tuning, all layers", "fine-tune", {"layers": "all", "row": "11"}),
    "last-layer": ("Fine-tuning, last layer", "fine-tune", {"layers": "last", "row": "11"}),
    "layer-2": ("Rank-one edit, layer 2", "rank-one", {"layer": "2", "row": "11"}),
    "layer-3": ("Rank-one edit, layer 3", "rank-one", {"layer": "3", "row": "11"}),
}
"""Those offered: words, rule and settings."""


class EditOptions(LessonOptions):
    """Options of the lesson: the edit, and how many circuits were guessed to follow it."""

    edit: Literal["all-layers", "last-layer", "layer-2", "layer-3"] = "all-layers"
    guess: Annotated[int, Field(ge=0, le=10**9)] | None = None


class _Outcome(NamedTuple):
    """Outcome of an edit; ``[circuits]`` 0 for those that follow it, 1 that still answer 0 on 11 and keep the rest, 2
    for others; how many are of each; ``[circuits, inputs]`` outputs; how many are valid circuits of the edited network.
    """

    words: str
    edited: Edited
    group: NDArray[np.intp]
    counts: list[int]
    outputs: NDArray[np.float64]
    valid: int

    def shown(self, circuits: Sequence[Circuit], at: int) -> tuple[str, Markup, str]:
        """A circuit's mask, its drawing, and what it gives on 11."""
        drawn = circuit_thumb(self.edited.subject.weights, circuits[at])
        return circuits[at].hex, drawn, number(float(self.outputs[at, -1]))


@lru_cache(maxsize=1)
def _outcomes(network: Network) -> tuple[list[Circuit], dict[str, _Outcome]]:
    """Every valid circuit of a network, the smallest first, and what each edit makes of them."""
    question, found = ask(network), {}
    masks = search_circuits(question).masks
    masks = masks[np.argsort(np.bitwise_count(masks), kind="stable")]
    for key, (words, rule, settings) in EDITS.items():
        edited = edited_by(rule, question, settings)
        after = ask(edited.subject)
        outputs = evaluate_circuits(after, masks)[0]
        same = answers(outputs) == np.array(edited.outcome.after)
        group = np.where(same[:, :-1].all(axis=1), 1 - same[:, -1], 2)  # the last input is 11
        counts, valid = np.bincount(group, minlength=3).tolist(), int(decide_right(after, masks).sum())
        found[key] = _Outcome(words, edited, group, counts, outputs, valid)
    return [Circuit(question.layout, mask) for mask in masks.tolist()], found


def _moved(of: LessonNetwork, one: _Outcome) -> Markup:
    before = of.question.network.weights
    kept = [old == new for old, new in zip(before, one.edited.subject.weights, strict=True)]
    return circuit_thumb(before, shared=kept, title=f"{one.words}: edges that stay are pale")


def _board(of: LessonNetwork, state: EditOptions) -> Board:
    circuits, found = _outcomes(of.question.subject)
    one, slug, guessed = found[state.edit], of.place.slug, state.guess is not None
    links = choices(
        (f"edit-{key}", of.links.url("learn", _SLUG, edit=key), each.words, key == state.edit)
        for key, each in found.items()
    )
    asked = Asked("guess", f"Of {len(circuits)}, follow it:", kind="number", most=len(circuits))
    second = Markup(
        "{} valid circuits explained the network before. Run each in the edited network, its other edges left out. It "
        "follows the edit if it gives the edited network’s four answers. Guess how many do.{}"
    ).format(len(circuits), fields(Ask("Run them", [("edit", state.edit)], [asked]), of.links.url("learn", _SLUG)))
    steps = (Markup("On 11 the network says no: 0. Choose an edit that makes it say yes.{}").format(links), second)
    row = network_by_digest(of.session, one.edited.subject.digest)
    other = row.slug if row and row.deleted_at is None else ""
    first = [np.flatnonzero(one.group == group)[:3].tolist() for group in range(3)] if guessed else []
    some = [[one.shown(circuits, at) for at in ats] for ats in first]
    to = partial(changes_url, of.links, slug, other) if other else None
    figure = render("learn/edited.html", one=one, thumb=_moved(of, one), some=some, slug=slug, compared=to)
    if not guessed:
        said = "The edited network says yes on 11. Do its circuits?"
        return Board(steps, figure, said, opens="Opens when you have guessed.")
    action = Action(
        "Do this edit yourself", edit_url(of.links, slug, rule=EDITS[state.edit][1], **EDITS[state.edit][2])
    )
    if other:
        action = Action("Compare both networks", changes_url(of.links, slug, other))
    return Board(steps, figure, f"{one.counts[0]} of {len(circuits)} follow. You said {state.guess}.", [action])


def _question(of: LessonNetwork) -> list[Answer]:
    circuits, found = _outcomes(of.question.subject)
    first, *others = found.values()
    every, figures = range(len(circuits)), []
    at, other = next((at, one) for at in every for one in others if (first.group[at], one.group[at]) == (0, 1))
    for one, says in ((first, "says yes"), (other, "still says no")):
        _, drawn, output = one.shown(circuits, at)
        figures.append((drawn, f"{one.words}: {output} on 11, so it {says}."))
    counts = f"of the {len(circuits)} circuits {enumerated([str(one.counts[0]) for one in found.values()])} follow"
    return [
        Answer("same", "No", False, f"Their answers do not. But {counts}. Here is one in two of them.", figures),
        Answer("failed", "Yes: some edits failed", False, "All worked: each answers 1 on 11 and keeps the rest."),
        Answer("inside", "Yes, in their circuits", True, f"Yes: {counts}. Answers show that an edit worked. Whether it "
               "changed what the explanations name is another question.", figures),
    ]  # fmt: skip


def _numbers(of: LessonNetwork) -> Mapping[str, Any]:
    circuits, found = _outcomes(of.question.subject)
    follow = np.array([one.group == 0 for one in found.values()])
    rules = {rule: edit_named(rule) for _, rule, _ in EDITS.values()}
    totals = {"every": int(follow.all(axis=0).sum()), "none": int((~follow).all(axis=0).sum()), "rules": rules.values()}
    return {"all": len(circuits), "edits": list(found.values()), **totals}


LESSON: Final = Lesson(
    slug=_SLUG,
    title="An edit that says yes and means no",
    does="Change one answer of the network, and see how many of its circuits change it too.",
    aim="You can say what the right answers of an edited network show, and what they leave open.",
    minutes=7,
    options=EditOptions,
    board=_board,
    question="All four edits give the network the same four answers. Do the edited networks differ?",
    answers=_question,
    numbers=_numbers,
    picture=lambda of: _moved(of, _outcomes(of.question.subject)[1]["layer-2"]),
    thought="Two edits, the same four answers. Not the same circuits follow.",
    asks="Which of them changed what you meant?",
)
