"""The front page: one network, and two explanations of it that pass the usual tests and contradict each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from markupsafe import Markup
from sqlalchemy.orm import Session

from analysis.interpretations.interpretation import Interpretation
from app.addressing import Addresses
from app.db.errors import StoreError
from app.db.reads.analyses import find_network
from app.figures.svg.thumbs import circuit_thumb
from app.figures.svg.tiles import gate_tiles
from app.pages.compare.compared import who_is_right
from app.pages.compare.networks import of_network
from app.pages.counted import counts_of
from app.pages.explanations import find_explanation
from app.pages.findings import headlines
from app.pages.place import Place, locate_boolean
from pluriscope.blocks import Action, Block, Figure, Head, Prose, Section, Side
from pluriscope.naming import ExplanationRef, Scope
from pluriscope.records import ComparedRecord

NETWORK: Final = "xor-pretrained"
PAIR: Final = ("i-183bf.23", "i-183bf.25")
"""Two interpretations of one circuit of that network, chosen by hand."""
_WHAT: Final = (
    "An explanation says which part of a network does the work, and what that part computes. On a network this small "
    "every possible one can be tested, and far too many pass: a passed test does not say which one is right."
)
_WITHOUT: Final = (
    "Give Pluriscope a small network and the task that it performs. It lists all circuits, interpretations, algorithms "
    "and alignments that pass a stated test (of a transformer circuits alone), and shows what tells them apart."
)
_P: Final = (
    "is one explanation. It keeps the dark lines and drops the rest, and reads each neuron as a question: the cells of "
    "its square are filled on the inputs where the answer is yes."
)
_Q: Final = "is another. It reads some neurons otherwise, and passes the same tests."


def front(session: Session, links: Addresses) -> Iterator[Block]:
    """The page; where its network is not stored, what Pluriscope is."""
    others = [Action("All networks", links.gallery()), Action("Your network", links.bring_in())]
    try:
        find_network(session, NETWORK)
    except StoreError:
        yield Head("Every valid explanation of one network, side by side", _WITHOUT, actions=others)
    else:
        place = locate_boolean(session, links, NETWORK, Scope())
        yield from _story(session, links, place, others)
    yield Section("Findings", "from studies of thousands of networks", Action("All findings", links.findings()))
    yield Prose("\n".join(f"- [{one.headline}]({one.url})" for one in headlines(links)), glossary=False)


def _story(session: Session, links: Addresses, place: Place, others: list[Action]) -> Iterator[Block]:
    pair = [find_explanation(session, links, place, ExplanationRef.parse(ref)) for ref in PAIR]
    found = of_network(session, links, place, pair)
    compare = Action("Compare two of them", found.url, primary=True)
    neurons = f"This network has {sum(place.question.cut.sizes)} neurons"
    title = f"{neurons}, and more than one explanation"
    if place.analysis is not None:
        n = counts_of(place.analysis).interpretations
        title = Markup("{}. {} explanations of it pass the usual tests.").format(neurons, n)
    yield Head(title, _WHAT, actions=[compare, *others])
    drawn = (_one(place, one.item, told, words) for one, told, words in zip(pair, found.ones, (_P, _Q), strict=True))
    yield Side([_network(links, place), *drawn])
    play = Action("Change the network yourself", links.play(NETWORK, PAIR))
    yield Section(found.title, "so at most one of them is right each time", play, id="contradict")
    yield who_is_right(found)


def _network(links: Addresses, place: Place) -> Figure:
    task = place.question.task
    ones = [f"{row:0{task.n_inputs}b}" for row, bit in enumerate(task.truth_table) if bit]
    told = Markup('<a href="{}">{}</a> computes {}: it says 1 on {} and 0 on the other inputs. How does it do it?')
    drawn = circuit_thumb(place.question.cut.weights, title=place.row.name, named=True)
    return Figure(drawn, told.format(links.network(NETWORK), place.row.name, task.name, " and ".join(ones)))


def _one(place: Place, item: Interpretation, told: ComparedRecord, words: str) -> Figure:
    weights, tiles = place.question.cut.weights, gate_tiles(item.gates, place.question.cut.n_inputs)
    drawn = circuit_thumb(weights, item.circuit, tiles, title=f"Explanation {told.letter}", named=True)
    name = told.ref.replace("-", "·", 1)
    return Figure(drawn, Markup('<b>{}</b> <a href="{}">{}</a> {}').format(told.letter, told.url, name, words))
