"""Methods that results have from here."""

from __future__ import annotations

import time
from collections.abc import Sequence

from pluriscope.analysis.errors import InvalidIntervention
from pluriscope.analysis.explanations.probes import table_text
from pluriscope.analysis.explanations.registry import KIND_OF
from pluriscope.analysis.methods.report import Analysed
from pluriscope.analysis.running.work import Work
from pluriscope.library.asking import classes_of, formulas_of
from pluriscope.library.result import Result
from pluriscope.objects.explanations import Explanation
from pluriscope.objects.progress import reporting
from pluriscope_methods.experiments.report import ExperimentsReport
from pluriscope_methods.steering.report import SteeringReport, find


def steer(
    self: Result,
    at: str = "",
    along: str | Explanation = "means",
    *,
    on: str | Sequence[float] = "",
    of: str = "",
    most: float = 2.0,
    steps: int = 20,
    into: Result | None = None,
    there: str = "",
) -> SteeringReport:
    """Add α times a direction at a site: what the network answers at each dose, what the explanations found here
    predict of it, and whether the direction steers another network, too.

    Args:
        at: a hidden layer from "1"; of a transformer a site such as "x1~3" or "2.0~3".
        along: "means" (of class 1 less class 0), "probe", "das", "placement" or "numbers"; or a placement, of whose
            first variable at the site the neurons and the classes are taken.
        on: neurons of a placement such as "0+2", the weights of its read-out, or the numbers.
        of: the classes: a truth table over the rows, or two answers as "A,B"; the task unless given.
        most: the largest dose, of either sign.
        steps: doses from 0 to that.
        into: another result, to whose network the direction is mapped.
        there: the site of that network; the same unless given.

    Raises:
        AnalysisError: there is no such site, class or direction, or the other network has other rows or another
            task.
    """
    settings = {"at": at, "along": along, "on": on, "of": of, "most": most, "steps": steps, "there": there}
    if isinstance(along, Explanation):
        settings |= _placed_at(along, at)
    if not isinstance(on, str):
        settings["on"] = ",".join(map(repr, map(float, on)))
    with reporting() as show:
        work, formulas = Work(show, time.perf_counter), formulas_of(self)
        classes = [] if formulas is None else classes_of(self, work)
        other = None if into is None else (into.name, into.question)
        return find(Analysed(self.question, self.search, formulas=formulas, classes=classes), settings, other, work)


def experiments(self: Result) -> ExperimentsReport:
    """The fewest experiments, ablations and interchanges, that decide among the valid circuits, with what each outcome
    leaves; and the pairs of circuits that no experiment separates.

    Raises:
        AnalysisError: it does not apply to such a network.
    """
    return self.ask("experiments")  # type: ignore[return-value]


def _placed_at(one: Explanation, at: str) -> dict[str, str]:
    """Settings of steering for the first function that an explanation has at a site.

    Raises:
        InvalidIntervention: it has none there.
    """
    claims = KIND_OF[one.kind].claims(one.value)
    here = [claim for claim in claims if claim.layer and claim.says == "function" and at in ("", str(claim.layer))]
    if not here:
        cause = f"places no function{f' at site {at[:20]!r}' if at else ' on the network'}"
        raise InvalidIntervention(f"explanation {one.ref}", cause, "choose a placement, or another site")
    on = "+".join(map(str, here[0].neurons)) or ",".join(map(repr, here[0].directions[0]))
    table = table_text(here[0].function, one.result.question.network.n_inputs)
    return {"at": str(here[0].layer), "along": "placement", "of": table, "on": on}
