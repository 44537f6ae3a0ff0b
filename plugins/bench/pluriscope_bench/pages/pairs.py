"""Two methods on the same networks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import Field

from pluriscope.addresses.address import Addresses
from pluriscope.analysis.network_files.files import slug_of
from pluriscope.app.errors import BadQuery
from pluriscope.app.options import PageModel
from pluriscope.figures.charts import Axis, Chart, Look, Series
from pluriscope.figures.numbers import decimal, exact
from pluriscope.page_kit.blocks import Action, Block, ChartFigure, Fact, Facts, Head, More, Notice, Section, Table
from pluriscope.tables.table import read_query
from pluriscope_bench.key.summary import difference
from pluriscope_bench.pages.methods import scores_table
from pluriscope_bench.pages.results import Results, citation, conditions_of, label_of, results_of, share_menu, switches

_WORDS: Final = {-1: "better", 0: "equal", 1: "worse"}  # by the sign of the difference


class PairRecord(PageModel):
    """Two methods on the networks of which both have a regret."""

    suite: str
    condition: str
    one: str
    other: str
    difference: dict[str, float | None] = Field(description="Of regret, one less the other, paired; none without any.")
    networks: list[dict[str, Any]] = Field(
        description="Name, arm, the regret of `one` and `other`, and `apart`, the first less the second; largest first."
    )

    def counts(self, arm: str = "") -> list[int]:
        """Networks on which one is better, equal and worse; of one arm, or of all."""
        found = Counter(_word(each) for each in self.networks if arm in ("", each["arm"]))
        return [found[word] for word in _WORDS.values()]


def _word(each: Mapping[str, Any]) -> str:
    """Word for how one method does on a network beside the other."""
    return _WORDS[(each["apart"] > 0) - (each["apart"] < 0)]


def find_pair(
    links: Addresses, one: str, other: str, options: Mapping[str, Sequence[str]]
) -> tuple[Results, PairRecord]:
    """The methods that an address names.

    Raises:
        NotFound: there is no such method.
        BadQuery: it names one method twice, or an option that there is not.
    """
    results, rest = results_of(links, options)
    read_query((), rest)
    names = [results.method(slug)["name"] for slug in (one, other)]
    if names[0] == names[1]:
        raise BadQuery(f"method {one[:60]!r}", "stands against itself", "name two methods", "other", results.url(one))
    rows, others = (results.rows("method", name) for name in names)
    regrets = {row["network"]: row["regret"] for row in others}
    found = [
        {"network": row["network"], "arm": row["arm"], "one": row["regret"], "other": regret}
        for row in rows
        if row["regret"] is not None and (regret := regrets.get(row["network"])) is not None
    ]
    apart = [{**each, "apart": each["one"] - each["other"]} for each in found]
    return results, PairRecord(
        suite=results.suite,
        condition=results.condition.key,
        one=names[0],
        other=names[1],
        difference=difference(rows, others),
        networks=sorted(apart, key=lambda each: -abs(each["apart"])),
    )


def pair_blocks(results: Results, found: PairRecord, base: str) -> Iterator[Block]:
    """The page; ``base`` is scheme and host before every path."""
    one, other = label_of(found.one), label_of(found.other)
    parts = (slug_of(found.one), "against", slug_of(found.other))
    url, rows_url = results.url(*parts), results.url("rows.csv", method=[found.one, found.other])
    turned = Action("The other way", results.url(*reversed(parts)))
    said = "Regret on the networks that both were asked about; less is better."
    yield Head(f"{one} against {other}", said, actions=[turned, share_menu(results, url, rows_url)])
    yield from switches(results, *parts, conditions=lambda suite: conditions_of(suite, found.one, found.other))
    if not found.networks:
        yield Notice("They were asked about no network in common", cure="Choose another condition.")
        return
    mean, low, high = (decimal(found.difference[end] or 0.0, 3) for end in ("mean", "low", "high"))
    counts = zip(_WORDS.values(), found.counts(), strict=True)
    of = f"of {exact(len(found.networks))}"
    facts = [Fact(f"{one} {word}", exact(n), of) for word, n in counts]
    yield Facts([Fact("Difference of regret", mean, note=f"{low} to {high}"), *facts])
    caption = f"A dot for each network. Above the diagonal {one} has less regret."
    yield ChartFigure(chart=_chart(one, other, found.networks, results), caption=caption, id="networks")
    yield Section("By arm", f"Networks on which {one} is better, equal and worse.")
    arms = sorted({each["arm"] for each in found.networks})
    yield Table.plain(("Arm", "Better", "Equal", "Worse"), [(arm, *found.counts(arm)) for arm in arms])
    both = [results.method(slug) for slug in (parts[0], parts[2])]
    yield More("All scores", lambda: [scores_table(both)], "of both", id="scores")
    yield citation(results, f"{one} against {other}", url, base)


def _chart(one: str, other: str, pairs: Sequence[Mapping[str, Any]], results: Results) -> Chart:
    """A dot for each network: the regret of one method across, of the other up."""
    looks: Mapping[str, tuple[str, Look]] = {
        "equal": ("equal", "grey"),
        "better": (f"{one} better", "ink"),
        "worse": (f"{other} better", "open"),
    }
    series = []
    for word, (name, look) in looks.items():
        some = [each for each in pairs if _word(each) == word]
        names, x, y = ([each[field] for each in some] for field in ("network", "one", "other"))
        urls = [results.url("networks", network) for network in names]
        series.append(Series(name, x, y, names=names, urls=urls, look=look))
    x_axis, y_axis = (Axis(f"regret of {name}", low=0.0, high=1.0) for name in (one, other))
    return Chart("dots", f"{one} and {other} on the same networks", x_axis, y_axis, series)
