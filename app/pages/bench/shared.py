"""What the pages of the answer key have in common: switches of the condition, scores, how a page is passed on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from analysis.answer_key.condition import Condition, condition_of
from analysis.answer_key.scores import SCORES
from app.pages.bench.results import MEANING_OF, Results, conditions_of, label_of, suites
from app.pages.sharing.share import InShort, Share
from pluriscope.blocks import Action, Choice, Menu, More, Prose, Table
from pluriscope.figures.numbers import decimal, short

_FACTORS: Final = {"ablation": "Left out edges", "judge": "Judge", "structure": "Structural rule"}


def switches(results: Results, *parts: str, known: Sequence[str] = (), **view: Any) -> Iterator[Choice]:
    """A switch for each factor of the condition, and for the suite where several are here; each leads to the nearest
    condition that has answers.

    Args:
        parts: of the page's address.
        known: keys of the conditions that it has; those of the suite if empty.
        view: its options beside suite and condition.
    """
    there, now = [condition_of(key) for key in known or conditions_of(results.suite)], results.condition

    def alike(one: Condition) -> int:
        return sum(getattr(one, factor) == getattr(now, factor) for factor in _FACTORS)

    if len(suites()) > 1:
        yield Choice("Suite", {one: replace(results, suite=one).url(*parts, **view) for one in suites()}, results.suite)
    for factor, label in _FACTORS.items():
        values = list(dict.fromkeys(getattr(one, factor) for one in there))
        nearest = {value: max((one for one in there if getattr(one, factor) == value), key=alike) for value in values}
        urls = {value: replace(results, condition=one).url(*parts, **view) for value, one in nearest.items()}
        if len(urls) > 1:
            yield Choice(label, urls, getattr(now, factor))


def share_menu(results: Results, url: str, rows_url: str) -> Menu:
    """A page as a link, a file, JSON and CSV."""
    return Menu("Share", [Action("JSON", results.links.twin(url)), Action("CSV of its rows", rows_url)], url)


def citation(results: Results, title: str, url: str, base: str) -> More:
    """How a page is cited.

    Args:
        title: what it is.
        url: its address.
        base: scheme and host before every path; "" if they are not known.
    """
    identity = f"suite {results.suite} {short(results.digest)}"
    share = Share(InShort("", title, (), identity, results.condition.key), url, "", False, False, results.links, base)
    text = f"**Link**\n\n```\n{share.url}\n```\n\n**BibTeX**\n\n```\n{share.bibtex}\n```"
    return More("Cite", lambda: [Prose(text, glossary=False)], "a link and BibTeX", id="cite")


def scores_table(methods: Sequence[Mapping[str, Any]]) -> Table:
    """Every score of some methods, with its interval and what it is."""

    def written(one: Mapping[str, Any]) -> str:
        ends = [decimal(one[end]) for end in ("mean", "low", "high")] if one["n"] else []
        return "{} ({}–{})".format(*ends) if ends else ""

    labels = ("Score", *(label_of(one["name"]) for one in methods), "What it is")
    return Table.plain(
        labels, [(one.label, *(written(of[one.key]) for of in methods), MEANING_OF[one.label]) for one in SCORES]
    )


def edges_of(mask: str | None) -> int | None:
    """How many edges a mask keeps; None of none."""
    return None if mask is None else int(mask, 16).bit_count()
