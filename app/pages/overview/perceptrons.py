"""Overview of a perceptron."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from markupsafe import Markup

from pluriscope.addresses.naming import Scope
from pluriscope.analysis.questions.protocol import BUILT_IN
from pluriscope.app.db.reads.jobs import UNFINISHED
from pluriscope.app.pages.counted import circuits_only, counts_of, drawn, interpretations_counted, method_words
from pluriscope.app.pages.explanation_list import Asked
from pluriscope.app.pages.network_page import Known, criterion_words
from pluriscope.app.pages.overview.part import Contents
from pluriscope.app.pages.page import files_of
from pluriscope.app.pages.stage import perceptron_stage
from pluriscope.figures.numbers import exact, noun
from pluriscope.page_kit.blocks import Choice, Fact
from pluriscope.tables.table import Query


def of_perceptron(known: Known, row: int | None) -> Contents:
    """A perceptron."""
    place, links, analysis, job = known.place, known.links, known.place.analysis, known.job
    limit = f"Stopped: {known.stops}. Counts marked ≥ are lower bounds." if known.stops else ""
    if job is not None and known.state != "done" and job.goes_on:
        limit += f" [Its job]({links.job(job.id)}) can go on."
    rules = criterion_words(place.question.protocol.model_dump(exclude={"name"}), len(place.question.judged[0]))
    several = sum(found is not None for _, found in known.under.values()) > 1
    remarks = [f"{rules}.", limit, "" if analysis is None else method_words(analysis, place.part)]
    remarks.append(known.decided_alike)
    remarks.append("[Why the two differ](scope.md#complete-and-paper)." if several else "")
    named = [
        (name, to)
        for name, (to, found) in known.under.items()
        if name in BUILT_IN or found is not None or to == place.scope
    ]
    on = ((name.partition(":")[0], scope) for name, scope in known.data())
    return Contents(
        sentence=_sentence(known),
        stage=perceptron_stage(place, links, known.behaviour, row, files_of(links, known.url)),
        counts=list(_counts(known)),
        rules=[*_choices(known, "Counted under", named), *_choices(known, "on", on)],
        remarks=" ".join(filter(None, remarks)),
        search=Asked(known.session, links, place, known.state, job, limit, Query(), None, ()),
        outputs=list(_choices(known, "Output", known.outputs())) if place.row.n_outputs > 1 else (),
    )


def _sentence(known: Known) -> str:
    """Sentence of what it computes, and on how many rows, as the rules count."""
    place, data = known.place, known.place.question.data
    right, of = sum(one.right and not one.note for one in known.behaviour), noun(len(known.behaviour), "input")
    if data.stand_in and data.validation_inputs is not None:  # what circuits are judged on
        right, of = int(known.judged_right.sum()), noun(len(known.judged_right), "row")
    hidden = noun(sum(place.question.network.hidden_sizes), "hidden neuron")
    return f"With {hidden} it answers {place.question.task.label} on {exact(right)} of {of}."


def _counts(known: Known) -> Iterator[Fact]:
    """Facts of how many explanations there are of each kind, with their bounds."""
    links, place, analysis = known.links, known.place, known.place.analysis
    computing = known.job is not None and known.job.state in UNFINISHED and place.boolean
    if analysis is None or (computing and not interpretations_counted(analysis)):
        if computing:
            names = ("Interpretations", "Algorithms placed", "Placements")
            yield from (Fact(label, "–", "not counted yet") for label in names)
        return

    counts = counts_of(analysis)
    if interpretations_counted(analysis):
        of = f"{counts.observed_classes} that inputs can tell apart"
        of += f", of the {exact(analysis.circuits_listed)} circuits listed" if drawn(analysis) else ""
        url = links.explanations(place.slug, place.scope, kind="interpretation")
        yield Fact("Interpretations", Markup("{}").format(counts.interpretations), of, "", url)
    if circuits_only(analysis):
        return
    of = f"of {counts.candidate_algorithms} candidates"
    if str(counts.candidate_algorithms) == "0":  # exactly: candidates are no deeper than the network
        of = "no formula for it is as shallow as the network"
    value, every = Markup("{}").format(counts.aligned_algorithms), links.algorithms(place.slug, place.scope)
    empty = known.verdict.empty
    yield Fact("Algorithms placed", value, of + f"; {empty} placed has no variables" * empty, "", every)
    protocol, of, valid = place.question.protocol, f"{counts.minimal_alignments} minimal", counts.valid_alignments
    if protocol.alignments_kept == "minimal":  # the list has these alone
        of, valid = f"minimal, of {counts.valid_alignments} valid", counts.minimal_alignments
    of += f"; {empty} is empty, with nothing to test" * empty
    url = links.explanations(place.slug, place.scope, kind="alignment")
    yield Fact("Placements", Markup("{}").format(valid), of, "", url)


def _choices(known: Known, label: str, of: Iterable[tuple[str, Scope]]) -> Iterator[Choice]:
    """Other outputs, or other rows, where there are any."""
    place, scopes = known.place, dict[str, Scope]()
    for name, scope in of:  # two outputs may have the same task
        scopes[f"{name} ({len(scopes) + 1})" if name in scopes else name] = scope
    if len(scopes) > 1:
        chosen = next(name for name, scope in scopes.items() if scope == place.scope)
        yield Choice(label, {name: known.links.network(place.slug, scope) for name, scope in scopes.items()}, chosen)
