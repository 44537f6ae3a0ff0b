"""Two circuits, one task: switch neurons off while all answers stay right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any, Final

import numpy as np
from markupsafe import Markup
from pydantic import Field

from pluriscope.figures.numbers import enumerated, noun
from pluriscope.figures.svg.layout import Site
from pluriscope.figures.svg.networks import circuit_thumb
from pluriscope.figures.svg.vessels import MARK
from pluriscope.page_kit.blocks import Action
from pluriscope_learn.lesson import Answer, Board, Lesson, LessonNetwork, LessonOptions, Short, number

_SLUG: Final = "two-circuits"
_ABOUT: Final = "n1.2"
_BETWEEN: Final = "_"
_TWO: Final = 2
_NUMBERS: Final = ("no", "one", "two", "three", "four", "five", "six")


class CircuitsOptions(LessonOptions):
    """Options of the lesson: which neurons are off, and what was kept."""

    x: Short = "01"
    off: list[Short] = Field([], max_length=16)
    kept: list[Short] = Field([], max_length=8)


Off = frozenset[Site]


def _sites(of: LessonNetwork, names: Iterable[str]) -> Off:
    return frozenset(of.site(name) for name in names if name)


def _names(of: LessonNetwork, off: Iterable[Site]) -> list[str]:
    gone = set(off)
    return [name for name, site in of.hidden.items() if site in gone]


def _left(of: LessonNetwork, off: Iterable[Site]) -> list[str]:
    return _names(of, set(of.hidden.values()) - set(off))


def _outputs(of: LessonNetwork, off: Iterable[Site]) -> list[float]:
    found: list[float] = of.outputs_without([set(off)])[0].tolist()
    return found


def _wrong(of: LessonNetwork, off: Iterable[Site]) -> list[str]:
    """Inputs that are answered wrong without some neurons."""
    wanted = of.question.task.truth_table
    return [row for row, y, right in zip(of.rows, _outputs(of, off), wanted, strict=True) if int(y > MARK) != right]


def suffice(of: LessonNetwork) -> list[Off]:
    """Every way to switch neurons off that leaves all answers right, the most neurons first."""
    every = [frozenset(some) for n in range(len(of.hidden), -1, -1) for some in combinations(of.hidden.values(), n)]
    answers = of.outputs_without(every) > MARK
    right = (answers == np.array(of.question.task.truth_table, dtype=bool)).all(axis=1)
    return [off for off, all_right in zip(every, right, strict=True) if all_right]


def _smallest(of: LessonNetwork) -> list[Off]:
    """Circuits that keep fewest neurons, with the neuron that is asked about first."""
    every = suffice(of)
    found = [off for off in every if len(off) == len(every[0])]
    return sorted(found, key=lambda off: of.hidden[_ABOUT] in off)


def _thumb(of: LessonNetwork, off: Iterable[Site]) -> Markup:
    return circuit_thumb(of.question.network.weights, of.keep(off), title=f"Kept: {enumerated(_left(of, off))}")


def _board(of: LessonNetwork, state: CircuitsOptions) -> Board:
    off, row = _sites(of, state.off), of.row(state.x)
    kept = [_sites(of, text.split(_BETWEEN)) for text in dict.fromkeys(state.kept)][:_TWO]
    wrong, left, least = _wrong(of, off), len(of.hidden) - len(off), len(of.hidden) - len(_smallest(of)[0])
    links = {}
    for name, site in of.hidden.items():
        other, words = off ^ {site}, f"Switch {name} {'on' if site in off else 'off'}"
        links[site] = of.at(_SLUG, state, off=_names(of, other)), words
    figure = of.drawn(
        of.without(off, row), f"The network on {state.x} with {noun(left, 'neuron')} on", links=links, off=off
    )
    figure += Markup('<ul class="answers">{}</ul>').format(Markup("").join(_answers(of, state, off)))
    actions: list[Action] = []
    if wrong:
        said = f"Wrong on {enumerated(wrong)}. Something needed is off: click it again."
    elif left > least:
        said = f"All four right with {_NUMBERS[left]} neurons. Fewer are enough, so there is nothing to keep yet."
    elif off in kept:
        both = "Two circuits." if state.answer else "Two circuits. Now question 3."
        said = "This one you have. Is there another?" if len(kept) < _TWO else both
    else:
        said = f"All four right with {_NUMBERS[left]} neurons."
        texts = [*(_BETWEEN.join(_names(of, one)) for one in kept), _BETWEEN.join(_names(of, off))]
        if len(kept) < _TWO:
            after = [] if len(texts) < _TWO else _names(of, off)
            actions = [Action("Keep this circuit", of.at(_SLUG, state, kept=texts, off=after), primary=True)]
    slots = Markup("").join(
        Markup('<div class="slot">{}<span>{}</span></div>').format(_thumb(of, one), ", ".join(_left(of, one)))
        for one in kept
    )
    slots += Markup("").join(
        Markup('<div class="slot empty">{} circuit</div>').format(name) for name in ("first", "second")[len(kept) :]
    )
    steps = (
        "Click a neuron to leave it out. It then always gives 0. Leave out as many as you can while all four answers "
        "stay right.",
        Markup(
            'Keep what is left: it is a <a href="{}"><dfn>circuit</dfn></a>. Then find another one, just as small.'
            '<div class="slots">{}</div>'
        ).format(of.links.glossary("circuit"), slots),
    )
    return Board(steps, figure, said, actions, "" if len(kept) == _TWO else "Opens when you have both.")


def _answers(of: LessonNetwork, state: CircuitsOptions, off: Off) -> Iterable[Markup]:
    """The four inputs, each with its answer and whether it is right."""
    wrong = _wrong(of, off)
    for row, y in zip(of.rows, _outputs(of, off), strict=True):
        verdict, said = ("✗", "wrong") if row in wrong else ("✓", "right")
        yield Markup(
            '<li><a id="row-{0}" href="{1}"{2}><code>{0}</code> <span class="bit b{3}">{3}</span> '
            '<span role="img" aria-label="{5}">{4}</span></a></li>'
        ).format(
            row,
            of.at(_SLUG, state, x=row),
            Markup(' aria-current="true"') if row == state.x else "",
            int(y > MARK),
            verdict,
            said,
        )


def _answers_text(of: LessonNetwork, answers: Sequence[float]) -> str:
    """Words for what a circuit gives on the inputs where the answer is 1."""
    ones = [row for row, bit in enumerate(of.question.task.truth_table) if bit]
    return f"{enumerated([number(answers[row]) for row in ones])} on {enumerated([of.rows[row] for row in ones])}"


def _figures(of: LessonNetwork) -> list[tuple[Markup, str]]:
    """A circuit with the neuron that is asked about and one without it."""
    row, shown = of.row("01"), []
    for off, words in zip(_smallest(of), ("With", "Without"), strict=True):
        drawn = of.drawn(of.without(off, row), f"The circuit {words.lower()} {_ABOUT}", off=off, narrow_only=True)
        shown.append((drawn, f"{words} {_ABOUT}: {_answers_text(of, _outputs(of, off))}."))
    return shown


def _question(of: LessonNetwork) -> list[Answer]:
    has, _ = _smallest(of)
    broken = {*has, of.hidden[_ABOUT]}
    fails = _wrong(of, broken)
    figures = _figures(of)
    return [
        Answer(
            "yes",
            "It is needed",
            False,
            "The circuit at the right does without it, and all answers stay right.",
            figures,
        ),
        Answer(
            "no",
            "It is not",
            False,
            f"The circuit at the left needs it: left out there, the answer to {enumerated(fails)} is wrong.",
            figures,
        ),
        Answer("both", "One cannot say so", True, "Yes: it depends on what else is kept.", figures),
    ]


def _numbers(of: LessonNetwork) -> Mapping[str, Any]:
    every, small = suffice(of), _smallest(of)
    return {
        "network": of.blank(),
        "ways": 2 ** len(of.hidden),
        "suffice": len(every),
        "smallest": [", ".join(_left(of, off)) for off in small],
        "left": _NUMBERS[len(of.hidden) - len(small[0])],
        "outputs": [_answers_text(of, _outputs(of, off)) for off in small],
        "valid": of.place.analysis.circuits_valid if of.place.analysis is not None else None,
        "about": _ABOUT,
        "rows": list(zip(of.rows, of.question.task.truth_table, strict=True)),
    }


LESSON: Final = Lesson(
    slug=_SLUG,
    title="Two circuits, one task",
    does="Find two parts of one network that can each do the whole task alone.",
    aim="You can say why “which part does the work?” has more than one answer.",
    minutes=7,
    options=CircuitsOptions,
    board=_board,
    question=f"Is the neuron {_ABOUT} needed for XOR?",
    answers=_question,
    numbers=_numbers,
    picture=lambda of: _thumb(of, _smallest(of)[0]),
    thought="Two parts of one network. Each does the task alone.",
    asks="Which one is the explanation?",
)
