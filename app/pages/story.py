"""The opening story, the front page: six screens about one network and two explanations of it that both pass the tests.

The two are the network's fair pair with its experiments as :mod:`pluriscope.analysis.pair` finds them, written down so
that the story waits for no analysis; every number is computed from them or read from the stored analysis. Each screen's
address sends all six, so that they print one below the other; without scripts it shows its own, and the others are
links.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

from markupsafe import Markup
from sqlalchemy.orm import Session

from pluriscope.addresses.address import Addresses
from pluriscope.addresses.navigation import links_among
from pluriscope.analysis.common_ground.report import CommonGroundReport
from pluriscope.analysis.interpretations.interpretation import NeuronGate
from pluriscope.analysis.interventions.experiments import standing_of
from pluriscope.analysis.sandbox.intervention import Change
from pluriscope.analysis.subjects.perceptron.mlp import circuit_activations
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.app.db.errors import StoreError
from pluriscope.app.db.reads.analyses import find_network
from pluriscope.app.db.reads.jobs import UNFINISHED
from pluriscope.app.db.reports import report_of, report_row
from pluriscope.app.pages.counted import counts_of
from pluriscope.app.pages.example import NETWORK, ExampleNetwork
from pluriscope.app.pages.explanations import Explanation
from pluriscope.app.pages.pending_work import SURVEY, awaited, compute_now, missing, wait_words
from pluriscope.app.pages.shared import job_now
from pluriscope.figures.numbers import decimal, exact
from pluriscope.figures.svg.layout import Site, node_name
from pluriscope.figures.svg.story import dots, threshold_line
from pluriscope.figures.svg.tiles import Bits, bits_of
from pluriscope.figures.svg.vessels import MARK, NARROW, WIDE, Reading, Vessels, cell_names, in_question, running
from pluriscope.page_kit.blocks import Action, Block, Head, Menu, Notice, Progress

FORCED: Final = (2, 0)
"""The neuron that screens 4 and 5 force to the value that it has on another input."""
EXPERIMENTS: Final = {4: (0, 1), 5: (2, 3)}
"""Screen → rows of that other input and of the one that runs; both as the search for the pair has them."""
_FIGURES: Final = {"drawing": "", "line": "Line, "}
"""Names of a screen's figures, and what stands before the form of their files."""
SHOWN: Final = 1
"""The row that the other drawings show."""
_WITHOUT: Final = (
    "Give Pluriscope a small network and the task that it performs. It lists all circuits, interpretations, algorithms "
    "and placements that pass a stated test (of a transformer circuits alone), and shows what distinguishes them."
)


_TABS: Final = (
    "This network answers XOR",
    "Here is one explanation",
    "Here is another: both pass",
    "Guess first",
    "And on another input",
    "{n} explanations pass",
)
"""Titles in the browser; the words of the screens stand in their template."""
SCREENS: Final = len(_TABS)
_LETTERS: Final = "PQ"


class Choice(NamedTuple):
    """Prediction of one of the two explanations in an experiment.

    Args:
        letter: of the explanation.
        says: 0 or 1.
        because: its reading of the forced neuron, before and after.
        right: whether the network does so.
        url: shows the answer.
    """

    letter: str
    says: int
    because: str
    right: bool
    url: str


@dataclass(frozen=True, kw_only=True)
class Screen:
    """Screen of the story: one thought.

    Args:
        number: from 1.
        url: its address.
        tab: title in the browser.
        facts: what its words say that is computed.
        figures: each drawn for a desk and for a phone.
        runs: what a browser needs to let the first one run; None where nothing moves.
        answers: input → what the network says, below the figure.
        key: which cell of a square is which input.
        choices: what can be guessed.
        guess: the letter that was guessed; "-" where the answer is shown anyway, "" where it is still asked.
        doors: words, what is behind, address; the first is the primary one.
        pending: what there is instead of a figure while something is computed.
        files: the figures as files.
    """

    number: int
    url: str
    tab: str
    facts: Mapping[str, Any]
    figures: Sequence[tuple[Markup, Markup]] = ()
    runs: Mapping[str, Any] | None = None
    answers: Mapping[str, int] | None = None
    key: Markup | None = None
    choices: Sequence[Choice] = ()
    guess: str = "-"
    doors: Sequence[tuple[str, str, str]] = ()
    pending: Block | None = None
    files: Menu | None = None


@dataclass(frozen=True)
class Story(Block):
    """All screens, one of them shown.

    Args:
        screens: in order.
        now: number of the one that is shown, from 1.
        out: leads out of the slides, on which hands are counted before an answer; None where it is read.
    """

    screens: Sequence[Screen]
    now: int
    out: Action | None = None

    @property
    def asks(self) -> Sequence[Action]:
        last = self.screens[-1].pending  # asked for while the first screens are read
        return () if last is None else last.asks

    @property
    def inner(self) -> Iterable[Block]:
        pending = self.screens[self.now - 1].pending
        return () if pending is None else (pending,)


def without_network(links: Addresses) -> Iterator[Block]:
    """The front page where the network of the story is not stored: what Pluriscope is."""
    own = Action("Import your network", links.bring_in(), primary=True)
    doors = [own, Action("All networks", links.gallery())]
    doors += [Action(words, url) for words, _, url in _doors(links)]
    yield Head("Every valid explanation of one network, side by side", _WITHOUT, actions=doors)


def _doors(links: Addresses) -> list[tuple[str, str, str]]:
    """Links that plugins add at the end: words, what is behind, address."""
    return [(one.words, one.sentence, links.url(*one.path)) for one in links_among("story")]


def has_story(session: Session) -> bool:
    """Whether its network is stored."""
    try:
        find_network(session, NETWORK)
    except StoreError:
        return False
    return True


def story(
    session: Session,
    links: Addresses,
    now: int,
    guess: str = "",
    *,
    slide: Callable[..., str] | None = None,
    out: Action | None = None,
) -> Story:
    """The story at one of its screens.

    Args:
        now: number of the one that is shown, from 1 to :data:`SCREENS`.
        guess: letter that the reader chose there; "" where nothing was chosen, "-" to show the answer anyway.
        slide: the address of a screen where it is shown to a class, as slides; None where it is read.
        out: leads out of the slides.

    Raises:
        NotFound: its network is not stored.
    """
    screens = _Screens(ExampleNetwork.stored(session, links), slide or links.story)
    guesses = {number: guess if number == now else "-" for number in EXPERIMENTS}
    experiments = [screens.experiment(number, guess) for number, guess in guesses.items()]
    return Story([screens.network(), screens.one(), screens.other(), *experiments, screens.all()], now, out)


def figure_of(session: Session, links: Addresses, number: int, name: str, guess: str) -> Markup | None:
    """A figure of a screen by its name, "drawing" or "line", as it is after a guess; None where there is none.

    Raises:
        NotFound: the network is not stored.
    """
    figures = story(session, links, number, guess).screens[number - 1].figures
    return {key: wide for key, (wide, _) in zip(_FIGURES, figures, strict=False)}.get(name)


@dataclass(frozen=True)
class _Screens:
    """The screens, computed from a stored network; ``url`` gives the address of one."""

    of: ExampleNetwork
    url: Callable[..., str]

    @cached_property
    def _pair(self) -> dict[str, Explanation[Question]]:
        return dict(zip(_LETTERS, self.of.pair, strict=True))

    @cached_property
    def _whole(self) -> list[list[list[float]]]:
        """Row → values of all layers of the whole network."""
        return [self.of.run(row) for row in range(len(self.of.rows))]

    @cached_property
    def _kept(self) -> list[list[list[float]]]:
        """Activations of the circuit that both explanations read, ``[row][layer][neuron]``."""
        question = self.of.question
        layers = circuit_activations(question.network, self._pair["P"].item.circuit, question.clean_rows)
        return [[layer[row].tolist() for layer in layers] for row in range(len(self.of.rows))]

    def _gate(self, letter: str, site: Site) -> NeuronGate:
        found: NeuronGate = self._pair[letter].item.gate(*site)
        return found

    def _table(self, letter: str, site: Site) -> Bits:
        return bits_of(self._gate(letter, site).function, self.of.question.network.n_inputs)

    def _readings(self, letters: str, sites: Iterable[Site] | None = None) -> list[Reading]:
        """Readings of hidden neurons: by one of the two, or by both, lettered where they differ."""
        hidden = [(one.layer, one.neuron) for one in self._pair["P"].item.gates[:-1]]
        return [
            Reading(
                site,
                self._table(letter, site),
                letter if site in self.of.differ and letters[1:] else "",
                self._gate(letter, site).threshold,
            )
            for letter in letters
            for site in (hidden if sites is None else sites)
            if letter == letters[0] or site in self.of.differ
        ]

    def _drawn(self, values: Sequence[Sequence[float | None]], sentence: str, **more: Any) -> tuple[Markup, Markup]:
        weights, full = self.of.question.network.weights, self.of.full
        wide, narrow = (Vessels(weights, values, full, at, sentence=sentence, **more).drawn() for at in (WIDE, NARROW))
        return wide, narrow

    def _runs(self, row: int, mask: object = None, **more: Any) -> dict[str, Any]:
        """Data that a browser needs to run the network, and the input that is drawn."""
        question = self.of.question
        runs = running(question.network, self.of.full, mask)
        return {**runs, "input": question.clean_rows[row].tolist(), **more}

    def _screen(self, number: int, facts: Mapping[str, Any] | None = None, **more: Any) -> Screen:
        guessed = f"?guess={more['guess']}" if more.get("guess", "-") in tuple(_LETTERS) else ""
        files = [
            Action(f"{before}{form}", f"{self.of.links.story(number, name)}.{form.lower()}{guessed}")
            for (name, before), _ in zip(_FIGURES.items(), more.get("figures", ()), strict=False)
            for form in ("SVG", "PNG", "PDF")
        ]
        known, files_of = facts or {}, Menu("Figure", files) if files else None
        tab = _TABS[number - 1].format(**known) if known or number < SCREENS else "How many explanations pass?"
        return Screen(number=number, url=self.url(number), tab=tab, facts=known, files=files_of, **more)

    def network(self) -> Screen:
        """The network runs."""
        drawn = self._drawn(self._whole[SHOWN], f"The network on input {self.of.rows[SHOWN]}")
        return self._screen(1, figures=[drawn], runs=self._runs(SHOWN), answers=self._answers(self._whole))

    def _answers(self, values: Sequence[Sequence[Sequence[float]]]) -> dict[str, int]:
        return {name: int(layers[-1][0] > MARK) for name, layers in zip(self.of.rows, values, strict=True)}

    def one(self) -> Screen:
        """Screen of one explanation, whose circuit runs."""
        mask, read = self._pair["P"].item.circuit, self._readings("P")
        sentence = f"Explanation P on input {self.of.rows[SHOWN]}"
        drawn = self._drawn(self._kept[SHOWN], sentence, mask=mask, readings=read, row=SHOWN)
        runs, answers = self._runs(SHOWN, mask), self._answers(self._kept)
        return self._screen(2, figures=[drawn], runs=runs, answers=answers, key=cell_names(self.of.rows))

    def other(self) -> Screen:
        """Screen of both explanations, and the values that allow both."""
        mask, read = self._pair["P"].item.circuit, self._readings("PQ")
        sentence = "Explanations P and Q: the same edges, two neurons read differently"
        drawn = self._drawn(self._kept[SHOWN], sentence, mask=mask, readings=read, row=SHOWN, ringed=self.of.differ)
        layer, neuron = site = self.of.differ[0]
        values = [layers[layer][neuron] for layers in self._kept]
        about = "The upper ringed neuron’s four values"
        read = self._readings("PQ", [site])
        wide, narrow = (threshold_line(values, self.of.rows, read, at, about=about) for at in (WIDE, NARROW))
        return self._screen(3, figures=[drawn, (wide, narrow)], runs=self._runs(SHOWN, mask))

    def experiment(self, number: int, guess: str) -> Screen:
        """An experiment on which the two contradict each other; the answer is shown where something was guessed."""
        (source, base), (layer, neuron) = EXPERIMENTS[number], FORCED
        values = self.of.run(base, [Change(layer, neuron, None, "source", source=source)])
        space, answers = self.of.asked
        at = space.position[frozenset([FORCED])], source, base
        happens, choices = int(answers.decisions[at]), []
        for letter, one in self._pair.items():
            says = int(one.predictions(space)[at])
            because = self._because(letter, source, base, says)
            choices.append(Choice(letter, says, because, says == happens, self.url(number, guess=letter)))
        shown = [[value if guess or at <= layer else None for value in some] for at, some in enumerate(values)]
        drawn = self._drawn(
            shown,
            f"The network on input {self.of.rows[base]} with one neuron forced{f' says {happens}' if guess else ''}",
            readings=self._readings("PQ", [FORCED]),
            forced={FORCED: f"forced, as on {self.of.rows[source]}"},
        )
        facts = {
            "base": self.of.rows[base],
            "source": self.of.rows[source],
            "happens": happens,
            "output": decimal(values[-1][0]),
            "right": next(one.letter for one in choices if one.right),
        }
        name = node_name(layer, neuron, self.of.question.network.sizes)
        runs = self._runs(base, name=name, own=self._whole[base][layer][neuron], value=values[layer][neuron])
        return self._screen(number, facts, figures=[drawn], runs=runs, choices=choices, guess=guess)

    def _because(self, letter: str, source: int, base: int, says: int) -> str:
        """Say how the reading of the forced neuron changes; and its answer, where that stays."""
        table, said = self._table(letter, FORCED), ("no", "yes")
        words, before, after = in_question(table), said[table[base]], said[table[source]]
        turned = f"stays {before}" if before == after else f"turns from {before} to {after}"
        kept = before != after and says == self.of.question.task.truth_table[base]
        return f"“{words[:1].upper()}{words[1:]}” {turned}{'; its answer stays' if kept else ''}."

    def all(self) -> Screen:
        """All explanations by how much they predict, and three doors."""
        links, analysis = self.of.links, self.of.place.analysis
        doors = (
            ("Explore all of it", "Every explanation, and where they differ.", links.network(NETWORK)),
            ("Try your network", "Bring a small one, or train one here.", links.bring_in()),
            *_doors(links),
        )
        if analysis is None:
            return self._screen(SCREENS, doors=doors, pending=self._pending())
        counts, kept = counts_of(analysis), report_row(self.of.session, analysis, SURVEY)
        report = None if kept is None else report_of(kept, CommonGroundReport)
        if report is None or report.spread is None or report.best is None:
            return self._screen(SCREENS, {"n": counts.interpretations}, doors=doors, pending=self._pending())
        spread = {right: int(many) for right, many in report.spread}
        space, answers = self.of.asked
        flags = {letter: standing_of(one.predictions(space), answers).right for letter, one in self._pair.items()}
        facts = {"n": counts.interpretations, "best": exact(report.best.right)}
        sentence = (
            f"{counts.interpretations} explanations by how many of {exact(report.n_interventions)} experiments they "
            f"predict right, from {exact(min(spread))} to {facts['best']}; none is right on all. "
            f"P is right on {flags['P']}, Q on {flags['Q']}."
        )
        wide, narrow = (dots(spread, report.n_interventions, flags, at, sentence=sentence) for at in (WIDE, NARROW))
        return self._screen(SCREENS, facts, figures=[(wide, narrow)], doors=doors)

    def _pending(self) -> Block:
        """Progress of the counting in words of the story; once it is over, the screen fills in by itself."""
        place, links = self.of.place, self.of.links
        if place.analysis is None:
            job = job_now(self.of.session, place)
            if job is not None and job.state in UNFINISHED:
                words = "The explanations are being counted."
                return Progress(words, id="counting", actions=compute_now([job], links))
            cure = Action("The network", links.network(NETWORK))
            return Notice(
                "Not counted yet", "Its analysis was not asked for, or ended without a result.", actions=[cure]
            )
        [waits] = awaited(self.of.session, links, place, [SURVEY])
        if waits.job is not None and waits.state == "computing":
            job, held = waits.job, "Every explanation is being held against every way of changing the neurons"
            now = compute_now([job], links)
            if job.state != "running" or not job.total:
                return Progress(f"{held}: {wait_words(job)}.", id="counting", actions=now)
            percent = 50 * (job.stage == "spread") + 50 * job.done // job.total  # its two stages
            return Progress(f"{held}: {percent}%", percent, 100, id="counting", actions=now)
        words = "Counting how often each explanation is right"
        return missing(words, waits.state, waits.job, waits.ask, links, "counting")
