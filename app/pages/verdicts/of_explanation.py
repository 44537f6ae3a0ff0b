"""Verdicts of every criterion as blocks: on one explanation with reasons, on several the differences first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from pluriscope.addresses.naming import LETTERS
from pluriscope.analysis.criteria.registry import CRITERIA, EVERY
from pluriscope.analysis.criteria.steps import CriterionStep
from pluriscope.analysis.criteria.verdict import OUTCOMES
from pluriscope.analysis.subjects.perceptron.question import Question
from pluriscope.app.pages.explanations import Explanation
from pluriscope.app.pages.verdicts.judge import CriterionVerdict, verdicts_on
from pluriscope.figures.numbers import exact, noun
from pluriscope.figures.svg.marks import VERDICT_MARKS
from pluriscope.page_kit.blocks import Block, More, Notice, Prose, Table

_STEPS = {key: CriterionStep.of(criterion) for key, criterion in EVERY.items()}
_NOT_TRUTH = (
    "What is not computed here has no verdict. A verdict is the outcome of one test under one protocol, not truth."
)
_JUDGED = {"stored": "by a job", "computed": "just now", "not_computed": ""}


def folded(explanations: Sequence[Explanation[Question]]) -> More:
    """The fold of a page that holds them."""
    return More("Criteria", lambda: verdicts(explanations), "what every one says of it", id="criteria")


def verdicts(explanations: Sequence[Explanation[Question]]) -> Iterator[Block]:
    """Every criterion that applies, with its settings; of several where verdicts differ, the rest folded."""
    found = [verdicts_on(one) for one in explanations]
    if len(found) == 1:
        labels = ("Criterion", "Verdict", "Score", "Reason", "Witness", "Judged")
        rows = [
            (_asked(one), _outcome(one), _score(one), one.reason, _witness(one), _JUDGED[one.origin])
            for one in found[0]
        ]
        yield Table.plain(labels, rows, [_settings(one.criterion) for one in found[0]])
        yield Prose(_NOT_TRUTH, glossary=False)
        return
    by_key = [{verdict.criterion: verdict for verdict in verdicts} for verdicts in found]
    beside = [[one.get(criterion.key) for one in by_key] for criterion in CRITERIA]
    apart = [some for some in beside if len({one.outcome for one in some if one} & {*OUTCOMES}) > 1]
    alike = [some for some in beside if any(some) and some not in apart]
    if apart:
        yield _beside(explanations, apart)
    else:
        yield Notice("Every criterion judges them alike", "Criteria test each by itself.")
    yield More(
        "The others",
        lambda: [_beside(explanations, alike)],
        noun(len(alike), "criterion", "criteria") + " with one verdict",
        id="criteria.alike",
    )
    yield Prose(_NOT_TRUTH, glossary=False)


def _beside(
    explanations: Sequence[Explanation[Question]], beside: Sequence[Sequence[CriterionVerdict | None]]
) -> Table:
    """Criteria across explanations."""
    of = [next(filter(None, verdicts)) for verdicts in beside]
    labels = ("Criterion", *(f"{letter} {one.record.noun}" for letter, one in zip(LETTERS, explanations, strict=False)))
    rows = [(_named(one), *map(_in_short, verdicts)) for one, verdicts in zip(of, beside, strict=True)]
    return Table.plain(labels, rows, [_settings(one.criterion) for one in of])


def _settings(key: str) -> Markup:
    """The key with all settings, as commands and addresses take it."""
    settings = ", ".join(f"{name}={value:g}" for name, value in _STEPS[key].settings.items())
    return Markup("<code>{}</code>").format(f"{key}({settings})" if settings else key)


def _named(verdict: CriterionVerdict) -> Markup:
    return Markup('<span title="{}">{}</span>').format(verdict.definition, verdict.label)


def _asked(verdict: CriterionVerdict) -> Markup:
    return _named(verdict) + _whose(verdict)


def _whose(verdict: CriterionVerdict) -> str:
    return f" (its {verdict.about})" if verdict.about else ""


def _outcome(verdict: CriterionVerdict) -> Markup:
    return Markup('<span class="verdict {}">{} {}</span>').format(
        verdict.glyph, VERDICT_MARKS[verdict.glyph], verdict.words
    )


def _score(verdict: CriterionVerdict) -> str:
    if verdict.numerator is not None and verdict.denominator is not None:
        return f"{exact(verdict.numerator)} of {exact(verdict.denominator)}"
    return "" if verdict.score is None else f"{verdict.score:.4g}"


def _witness(verdict: CriterionVerdict) -> Markup | str:
    """Words of the witness, and a rival as a link."""
    witness = verdict.witness
    if witness is None:
        return ""
    said = f"{witness.words[:1].upper()}{witness.words[1:]}"
    if witness.rival is None:
        return said
    return Markup('{} <a href="{}">{}</a>').format(said, witness.rival.url, witness.rival.label)


def _in_short(verdict: CriterionVerdict | None) -> Markup | str:
    """A verdict beside others; nothing where the criterion does not apply to the kind."""
    return "" if verdict is None else Markup("{} {}{}").format(_outcome(verdict), _score(verdict), _whose(verdict))
