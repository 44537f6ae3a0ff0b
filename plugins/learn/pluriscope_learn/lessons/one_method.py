"""Lesson on one method among all explanations: where its circuit stands among the valid ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from markupsafe import Markup
from pydantic import Field

from pluriscope.analysis.discovery.registry import METHODS
from pluriscope.app.errors import BadQuery
from pluriscope.figures.charts import Axis, Chart, Series
from pluriscope.figures.numbers import noun
from pluriscope.figures.svg.charts import thumb
from pluriscope.figures.svg.networks import circuit_thumb
from pluriscope.page_kit.played import Ask
from pluriscope.page_kit.played import Field as Asked
from pluriscope_learn.lesson import Answer, Board, Lesson, LessonNetwork, LessonOptions, Short, choices, fields

_SLUG: Final = "one-method"
_FIRST: Final = "acdc"
_CHANCE: Final = "random"


class MethodOptions(LessonOptions):
    """Options of the lesson: the method, and what was guessed of its circuit."""

    method: Short = _FIRST
    guess: Annotated[int, Field(ge=0, le=10**9)] | None = None


def _places(of: LessonNetwork) -> dict[str, dict[str, Any]]:
    """Ranks of the default answers of methods that ask no judge, the random order last; only valid circuits."""
    found: dict[str, dict[str, Any]] = of.found("methods").report.defaults
    some = {key: one for key, one in found.items() if one["valid"] and not METHODS.by_key[key].asks_judge}
    return dict(sorted(some.items(), key=lambda one: one[0] == _CHANCE))


def _label(key: str) -> str:
    return METHODS.by_key[key].label


def _sizes(of: LessonNetwork) -> dict[int, int]:
    return dict(of.found("methods").subject.sizes())


def _thumb(of: LessonNetwork, key: str) -> Markup:
    return circuit_thumb(of.question.network.weights, _places(of)[key]["mask"], title=f"The circuit of {_label(key)}")


def _in_words(place: Mapping[str, Any]) -> str:
    rank = place["rank"]
    return f"{rank['smaller']} are smaller, {rank['equal'] - 1} as large, {rank['larger']} larger"


def _among(of: LessonNetwork, place: Mapping[str, Any]) -> Markup:
    """All valid circuits by size in pale bars, and those as large as one of them in ink."""
    sizes, here = _sizes(of), place["edges"]
    series = [Series("all", [*sizes], [*sizes.values()], look="pale"), Series("as large", [here], [sizes[here]])]
    title = f"{sum(sizes.values())} valid circuits by edges; {_in_words(place)}"
    return thumb(Chart("bars", title, Axis("edges"), Axis("circuits"), series))


def _board(of: LessonNetwork, state: MethodOptions) -> Board:
    places = _places(of)
    if state.method not in places:
        cure = f"use {', '.join(places)}"
        raise BadQuery(f"method {state.method!r}", "is none whose circuit is valid here", cure, "method")
    place, label, all_valid = places[state.method], _label(state.method), sum(_sizes(of).values())
    links = choices(
        (f"method-{key}", of.links.url("learn", _SLUG, method=key), _label(key), key == state.method) for key in places
    )
    ask = Ask("See where it stands", [("method", state.method)], [
        Asked("guess", f"Of the other {all_valid - 1} valid circuits, smaller:", kind="number", most=all_valid - 1),
    ])  # fmt: skip
    guessed = state.guess is not None
    steps = (
        Markup("Choose a method. It was run on this network, and answered with the circuit at the right.") + links,
        Markup("Guess how many valid circuits are smaller than its answer.{}").format(
            fields(ask, of.links.url("learn", _SLUG))
        ),
    )
    caption = f"The circuit of {label}: {noun(place['edges'], 'edge')} of {of.question.layout.n_edges}."
    figure = Markup("<div class=pair><div>{}<p>{}</p></div>").format(_thumb(of, state.method), caption)
    if not guessed:
        return Board(
            steps, figure + Markup("</div>"), "Its answer is valid. So are others.", (), "Opens when you have guessed."
        )
    drawn = _among(of, place)
    low, high = min(_sizes(of)), max(_sizes(of))
    words = f"All {all_valid} valid circuits by edges, from {low} to {high}; those of its size dark."
    figure += Markup("<div>{}<p>{}</p></div></div>").format(drawn, words)
    said = f"Of the other {all_valid - 1}, {_in_words(place)}. You said {state.guess} smaller."
    return Board(steps, figure, said)


def _by_chance(of: LessonNetwork) -> list[tuple[int, str, str]]:
    """Shares of the possible circuits as large as a method's answer that are valid, the largest first."""
    ones = {place["edges"]: (key, place["chance"]) for key, place in _places(of).items() if key != _CHANCE}
    return [
        (edges, f"{odds['valid']} of {odds['possible']:,} are valid", key)
        for edges, (key, odds) in sorted(ones.items(), reverse=True)
    ]


def _question(of: LessonNetwork) -> list[Answer]:
    places = _places(of)
    masks = {key: place["mask"] for key, place in places.items()}
    others = [key for key in places if key != _CHANCE]
    differ = next(key for key in others if masks[key] != masks[others[0]])
    two = [(_thumb(of, key), f"{_label(key)}: {noun(places[key]['edges'], 'edge')}") for key in (others[0], differ)]
    distinct = len(set(masks.values()))
    odds = places[others[0]]["chance"]
    by_chance = [
        (_thumb(of, key), f"Of the possible circuits with {edges} edges, {share}.")
        for edges, share, key in _by_chance(of)
    ]
    least = (
        f"Yes. Of the {odds['possible']:,} possible circuits as large as that of {_label(others[0])}, {odds['valid']} "
        "are valid. Only beside all of them does one answer say something."
    )
    return [
        Answer("found", "They found the circuit", False,
               f"{len(places)} methods, {distinct} different circuits, all valid. Here are two.", two),
        Answer("skill", "They are better than chance", False,
               "Being valid does not show it by itself: of many edges also a random choice is often valid, of few "
               "hardly ever.", [by_chance[0], by_chance[-1]]),
        Answer("little", "Little, before one knows the others", True, least, two),
    ]  # fmt: skip


def _numbers(of: LessonNetwork) -> Mapping[str, Any]:
    places = _places(of)
    return {
        "methods": [(_label(key), place["edges"], _in_words(place)) for key, place in places.items()],
        "distinct": len({place["mask"] for place in places.values()}),
        "valid": sum(_sizes(of).values()),
        "smallest": min(_sizes(of)),
        "chance": [(edges, share) for edges, share, _ in _by_chance(of)],
        "definitions": [(_label(key), METHODS.by_key[key].definition) for key in places],
    }


def _picture(of: LessonNetwork) -> Markup:
    return _among(of, _places(of)[_FIRST])


LESSON: Final = Lesson(
    slug=_SLUG,
    title="One method’s answer among all",
    does="Find where the circuit of a well-known method stands among all valid ones.",
    aim="You can say what a method’s valid answer shows, and what one has to know besides.",
    minutes=7,
    options=MethodOptions,
    board=_board,
    question="Each of these methods answers with a valid circuit. What does that show of the methods?",
    answers=_question,
    numbers=_numbers,
    picture=_picture,
    thought="A method gives one circuit. It is one of many that pass.",
    asks="What would make its answer the better one?",
)
