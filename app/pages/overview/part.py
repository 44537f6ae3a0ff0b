"""Part that a capability brings to the overview of a network, and the contents that differ by kind of network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from pluriscope.app.pages.explanation_list import Asked
from pluriscope.app.pages.network_page import Known
from pluriscope.app.pages.stage import Stage
from pluriscope.page_kit.blocks import Choice, Fact


@dataclass(frozen=True)
class Part:
    """Part that one capability brings; its function is imported when it has something to show.

    Args:
        key: stable name; of a fold its id as well.
        where: under Share, among what is said before any number, beside what others found, or folded below.
        shows: "module:function" of what is known about the network. It gives actions under Share, and blocks elsewhere,
            beside others below a heading that it begins with.
        needs: traits that the kind of subject must have.
        when: of what is known, whether there is anything to show; None for always.
        title: of a fold.
        sentence: of a fold: what can be said of it while it is closed.
    """

    key: str
    where: Literal["share", "notices", "beside", "folds"]
    shows: str
    needs: tuple[str, ...] = ()
    when: Callable[[Known], object] | None = None
    title: str = ""
    sentence: str | Callable[[Known], str] = ""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """Contents of an overview that differ by the kind of network.

    Args:
        sentence: what it computes.
        stage: the network at work.
        counts: how many explanations there are, beside the valid circuits.
        rules: switches to other rules, and other rows that it was analysed on.
        remarks: on the rules and what was found under them.
        search: how far the analysis is.
        outputs: others of the network.
    """

    sentence: str
    stage: Stage
    counts: Sequence[Fact]
    rules: Sequence[Choice]
    remarks: str
    search: Asked
    outputs: Sequence[Choice] = ()
