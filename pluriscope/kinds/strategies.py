"""The drawing of how the kinds of explanation relate, which also leads from one to the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.explanations.explanation import STRATEGIES, Strategy
from pluriscope.analysis.explanations.registry import EVERY_KIND
from pluriscope.figures.svg.marks import kind_mark
from pluriscope.kinds.columns import KIND
from pluriscope.page_kit.blocks import Block, Fact

Box = tuple[Markup, Fact, bool]
"""A kind: its sign, what is said of it, whether it is the present one."""


@dataclass(frozen=True)
class Strategies(Block):
    """The two strategies, each from the kinds that its first step finds to those of its second.

    Args:
        facts: kind → how many there are, and where it leads; kinds that are not in it are left out.
        present: the kind that the page is about; "" for none.
    """

    facts: Mapping[str, Fact]
    present: str = ""

    @property
    def rows(self) -> Iterator[tuple[Strategy, Sequence[Sequence[Box]]]]:
        """Strategies that find any of these kinds, each with its steps that do."""
        for strategy in STRATEGIES:
            kinds = [one for one in EVERY_KIND if one.strategy == strategy and one.key in self.facts]
            steps = [[self._box(one.key) for one in kinds if one.step == step] for step in (1, 2)]
            if kinds:
                yield strategy, list(filter(None, steps))

    def _box(self, kind: str) -> Box:
        return kind_mark(kind), self.facts[kind], kind == self.present


def explained(links: Addresses) -> Strategies:
    """The drawing without counts; each of the four kinds leads to its entry in the glossary."""
    named = {key: KIND.words(key) for key in ("circuit", "interpretation", "algorithm", "alignment")}
    return Strategies(
        {key: Fact(words, "", url=links.glossary(words.lower().removesuffix("s"))) for key, words in named.items()}
    )
