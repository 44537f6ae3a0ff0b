"""Parts of a lesson, and the network that all of them are about.

A lesson's whole state stands in its address, so that it works without scripts, can be sent on, and Back undoes a step.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Annotated, Any, Final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from pydantic import Field, StringConstraints

from pluriscope.analyses.registry import BY_KEY
from pluriscope.analysis.sandbox.intervention import Change
from pluriscope.analysis.subjects.perceptron.mlp import next_layer
from pluriscope.app.errors import BadQuery, NotFound
from pluriscope.app.options import Options
from pluriscope.app.pages.analyses import Asked
from pluriscope.app.pages.analyses import asked as asked_about
from pluriscope.app.pages.example import NETWORK, ExampleNetwork
from pluriscope.figures.numbers import decimal
from pluriscope.figures.svg.elements import Step, twice
from pluriscope.figures.svg.layout import Site
from pluriscope.figures.svg.vessels import MARK, NARROW, WIDE, Reading, Vessels
from pluriscope.page_kit.blocks import Action
from pluriscope.page_kit.played import Ask
from pluriscope.page_kit.templating import render

Short = Annotated[str, StringConstraints(max_length=40)]
MOST_DIGITS: Final = 6


class LessonOptions(Options):
    """The state that every lesson has."""

    answer: Short = Field("", description="The answer chosen to the lesson's question.")


@dataclass(frozen=True)
class Answer:
    """Answer to a lesson's question.

    Args:
        key: in addresses.
        words: of its button.
        right: whether it is the right one.
        explanation: what comes of choosing it; a counter-example where it is wrong.
        figures: drawings with captions that show it.
    """

    key: str
    words: str
    right: bool
    explanation: str
    figures: Sequence[tuple[Markup, str]] = ()


@dataclass(frozen=True)
class Board:
    """Board of a lesson in one state.

    Args:
        steps: the task, in two steps; the question is the third.
        figure: what is worked on.
        said: what comes of the present state.
        actions: what can be done with it.
        opens: what has yet to be done before the question can be answered; "" if it can.
    """

    steps: Sequence[Markup | str]
    figure: Markup
    said: Markup | str
    actions: Sequence[Action] = ()
    opens: str = ""


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """Lesson of Learn.

    Its hand-out and teacher's notes are the macros ``handout`` and ``notes`` of the template ``learn/SLUG.html``.

    Args:
        slug: in addresses.
        title: of it.
        does: what one does in it, one sentence.
        aim: what one can say afterwards.
        minutes: that it takes in a class.
        options: its state.
        board: what it shows.
        question: the third step.
        answers: to the question; one is right.
        numbers: what hand-out and notes quote, by name.
        picture: drawing without words, for lists.
        thought: what is to be kept of it, for the sheet of a plan.
        asks: what to ask a class, likewise.
    """

    slug: str
    title: str
    does: str
    aim: str
    minutes: int
    options: type[LessonOptions]
    board: Callable[[LessonNetwork, Any], Board]
    question: str
    answers: Callable[[LessonNetwork], Sequence[Answer]]
    numbers: Callable[[LessonNetwork], Mapping[str, Any]]
    picture: Callable[[LessonNetwork], Markup]
    thought: str
    asks: str


@dataclass(frozen=True, eq=False)
class LessonNetwork(ExampleNetwork):
    """The network that the lessons are about.

    Args:
        read: analyses that were looked at.
    """

    read: dict[str, Asked] = field(default_factory=dict)

    @cached_property
    def hidden(self) -> dict[str, Site]:
        """The hidden neurons by name."""
        sizes = enumerate(self.question.network.hidden_sizes, start=1)
        return {f"n{layer}.{neuron}": (layer, neuron) for layer, size in sizes for neuron in range(size)}

    @cached_property
    def predicted(self) -> list[NDArray[np.int8]]:
        """Predictions of the two explanations for every intervention, ``[set, source, base]`` each."""
        return [one.predictions(self.asked[0]) for one in self.pair]

    def row(self, text: str) -> int:
        """The number of an input.

        Raises:
            BadQuery: it is none.
        """
        if text not in self.rows:
            raise BadQuery(f"input {text!r}", "is not one of this network", f"use {', '.join(self.rows)}", "x")
        return self.rows.index(text)

    def site(self, name: str) -> Site:
        """The hidden neuron of a name.

        Raises:
            BadQuery: there is none.
        """
        if name not in self.hidden:
            cure = f"use {', '.join(self.hidden)}"
            raise BadQuery(f"neuron {name!r}", "is no hidden neuron of this network", cure, "neuron")
        return self.hidden[name]

    def without(self, off: Iterable[Site], row: int) -> list[list[float]]:
        """Activations while some neurons give 0."""
        return self.run(row, [Change(layer, neuron, None, "zero") for layer, neuron in off])

    def outputs_without(self, offs: Sequence[Collection[Site]]) -> NDArray[np.float64]:
        """``[sets, inputs]`` the output while the neurons of each set give 0."""
        cut, values = self.question.network, self.question.clean_rows[None]
        for layer in range(1, len(cut.sizes)):
            gone = np.array([[(layer, neuron) in off for neuron in range(cut.sizes[layer])] for off in offs])
            values = np.where(gone[:, None, :], 0.0, next_layer(cut, layer, values))
        return values[..., 0]

    def keep(self, off: Iterable[Site]) -> list[NDArray[np.bool_]]:
        """Edges that are left without some neurons, as matrices."""
        kept = [np.ones_like(matrix, dtype=bool) for matrix in self.question.network.weights]
        for layer, neuron in off:
            kept[layer - 1][neuron, :] = kept[layer][:, neuron] = False
        return kept

    def found(self, key: str) -> Asked:
        """A stored analysis of the network.

        Raises:
            NotFound: it is not computed yet.
        """
        if key not in self.read:
            (self.read[key],) = asked_about(self.session, self.place, self.links, [BY_KEY[key]])
        asked = self.read[key]
        if asked.report is None:
            item = f"{asked.analysis.title} of {NETWORK}"
            cause, cure = "has not been computed yet, and this lesson is about it", "ask for it on its page, or wait"
            raise NotFound(item, cause, cure, "", asked.url, item)
        return asked

    def at(self, slug: str, state: LessonOptions, **changed: Any) -> str:
        """The address of a lesson in another state."""
        kept = state.model_dump(exclude_defaults=True, exclude={"theme"})
        return self.links.url("learn", slug, **{**kept, **changed})

    def blank(self) -> Markup:
        """The network without values, to draw in."""
        return self.drawn([[None] * n for n in self.question.network.sizes], "The network", narrow_only=True)

    def drawn(
        self,
        values: Sequence[Sequence[float | None]],
        sentence: str,
        *,
        links: Mapping[Site, tuple[str, str]] | None = None,
        off: Iterable[Site] = (),
        readings: Sequence[Reading] = (),
        row: int | None = None,
        forced: Iterable[Site] = (),
        narrow_only: bool = False,
    ) -> Markup:
        """The network with values, once for wide windows and once for narrow ones.

        Args:
            values: of all layers; None where the run has not come to.
            sentence: what it shows.
            links: address and words of neurons that can be chosen.
            off: neurons that give 0.
            readings: what neurons are read as; a narrow drawing has room for those with a letter alone.
            row: the input that runs.
            forced: neurons that do not compute their value.
            narrow_only: whether there is no room for the wide one.
        """
        off = list(off)
        wide, narrow = (
            Vessels(
                self.question.network.weights,
                values,
                self.full,
                replace(geometry, gap=1.2 * geometry.gap) if readings else geometry,
                sentence=sentence,
                mask=self.keep(off) if off else None,
                readings=[one for one in readings if geometry is WIDE or one.letter],
                row=row,
                forced=dict.fromkeys(forced, ""),
                named=True,
                steps={
                    site: Step(url, words, f"{geometry.name}-{site[0]}-{site[1]}")
                    for site, (url, words) in (links or {}).items()
                },
            ).drawn()
            for geometry in (WIDE, NARROW)
        )
        return narrow if narrow_only else twice(wide, narrow)


def number(value: float) -> str:
    """A value for people; with more digits where two would not say on which side of the mark it is."""
    digits = 2
    while digits < MOST_DIGITS and float(f"{value:.{digits}f}") == MARK:
        digits += 1
    return decimal(value, digits)


def choices(ones: Iterable[tuple[str, str, str, bool]]) -> Markup:
    """Links to choose from: id, address and words of each, and whether it is chosen."""
    items = (
        Markup('<li><a class="btn" id="{}" href="{}"{}>{}</a></li>').format(
            name, url, Markup(' aria-current="true"') if on else "", words
        )
        for name, url, words, on in ones
    )
    return Markup('<ul class="choices">{}</ul>').format(Markup("").join(items))


def fields(ask: Ask, url: str, **more: str) -> Markup:
    """A form that leads to another state of a lesson."""
    return render("learn/ask.html", ask=ask, url=url, **more)
