"""Page of a job: how far it is, its stages, what it trains, its log, and what can be done about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from markupsafe import Markup

from pluriscope.app.pages.job_list import STATES
from pluriscope.app.pages.jobs import JobPage
from pluriscope.app.pages.pending_work import IDLE_WORDS
from pluriscope.app.pages.training.course import End, TrainedNetwork, loss_chart, loss_series
from pluriscope.figures.numbers import duration, exact, noun, when
from pluriscope.figures.svg.marks import VERDICT_MARKS
from pluriscope.page_kit.blocks import (
    Action,
    Block,
    ChartFigure,
    Head,
    Menu,
    More,
    Notice,
    Progress,
    Prose,
    Section,
    Table,
    Verdict,
    VerdictState,
)

STAGE_WORDS: Final = {
    "pass": "done",
    "running": "running",
    "untested": "not started",
    "fail": "failed",
    "na": "stopped here",
}
_SIGNS: Final[dict[str, VerdictState]] = {"converged": "pass", "failed": "fail"}


def job_blocks(job: JobPage) -> Iterator[Block]:
    """The page."""
    yield Head(job.title, _status(job) if job.ended else "", [Verdict(job.state, STATES[job.state])], _actions(job))
    if job.state == "failed":
        yield Notice("Why it gave up" if job.set_aside else "Why it failed", job.error, state="refused")
    if job.needs_plugin:
        words = "It is not in use here. The job waits for it, and goes on then from what is kept."
        yield Notice(f"Needs {job.needs_plugin}", words)
    if job.stops:
        ended = Markup("<br>").join(f"{words[0].upper()}{words[1:]}." for words in job.stops)
        yield Notice("Ended before it was done", ended + Markup("<br>Going on keeps what is done."))
    followed = [*_training(job), *_stages(job)]
    if job.ended:
        yield from followed
    else:
        now = next((stage for stage in job.stages if stage.state == "running"), None)
        found = "" if now is None else f"{now.name}: {now.what}."
        found += f" {now.found[0].upper()}{now.found[1:]}." if now and now.found else ""
        done, total = (0, 0) if now is None else (now.done, now.total)
        note = "You may close this page; the link keeps working."
        yield Progress(f"{_status(job)} {found}".strip(), done, total, note, inner=followed, id=f"progress-{job.state}")
    if job.network_url:
        of = Markup('Network: <a href="{}">{}</a>.').format(job.network_url, job.network_name)
        yield Notice(of)
    yield More("Log", lambda: [_log(job)], f"{noun(len(job.log) + job.log_left_out, 'line')}, newest last", id="log")


def _stages(job: JobPage) -> Iterator[Block]:
    rows = [(one.name, one.what, STAGE_WORDS[one.state], one.found) for one in job.stages]
    if rows:
        yield Section("Stages")
        yield replace(Table.plain(("Stage", "What happens in it", "State", "Found"), rows), id="stages")


def _status(job: JobPage) -> str:
    took = duration(job.seconds or 0)
    if job.needs_plugin and (job.state == "queued" or job.abandoned):
        return f"Waits: needs {job.needs_plugin}."
    if job.state == "queued" and job.wait_seconds is not None:
        when_ = f"in {duration(job.wait_seconds)}" if job.wait_seconds > 0 else "as soon as a worker is free"
        what = job.found or f"Failed {job.losses} of {job.max_losses} times at the same place."
        return f"{what} Tried again {when_}."
    if job.abandoned:
        return "No sign of its worker since its lease ran out; started again as soon as a worker is free."
    if job.state == "running" and job.cancel_requested:
        return "Asked to stop; it stops at its next step."
    if job.set_aside:
        tried = f"Gave up after {exact(job.attempts)} failed attempts."
        return f"{tried} Nothing of it was kept; it can be tried again."
    return {
        "queued": f"Waiting for a worker since {when(job.created_at)}"
        + ("." if job.wait_seconds or not job.retry_now_url else f", {IDLE_WORDS}."),
        "running": f"Running for {took}.",
        "done": f"Done in {took}: {job.found or 'finished'}.",
        "truncated": f"Ended at a limit after {took}: {job.found}. What was found is stored, and its page says what is "
        "not listed or was not searched.",
        "cancelled": "Cancelled. Nothing of it was kept; no earlier result was touched.",
        "failed": f"Failed after {took}{f' and {job.attempts} attempts' if job.attempts > 1 else ''}.",
    }[job.state]


def _actions(job: JobPage) -> list[Action | Menu]:
    found: list[Action | Menu] = []
    if job.result_url:
        found.append(Action("View results", job.result_url, primary=True))
    if job.retry_url:
        found.append(Action("Go on" if job.stops else "Try again", job.retry_url, not job.result_url, True))
    if job.wait_seconds and job.retry_now_url:
        found.append(Action("Try now", job.retry_now_url, changes=True))
    elif job.retry_now_url:
        found.append(Action("Compute now", job.retry_now_url, changes=True))
    if job.cancel_url and not job.cancel_requested:
        found.append(Action("Cancel", job.cancel_url, changes=True))
    return [*found, Menu("Share", (), job.url)]


def _training(job: JobPage) -> Iterator[Block]:
    learning = job.learning
    if job.losses_so_far and job.loss_target is not None:
        end: End = "converged" if job.result_url else "failed" if job.ended else "running"
        curve = loss_series(job.title, job.losses_so_far, end)
        words = "Mean cross-entropy in nats, of a step's rows or, every 50 steps, of all; it ends below the target."
        yield ChartFigure(chart=loss_chart([curve], job.loss_target, "step"), caption=words, id="loss")
    if learning is None:
        return
    sentence = f"{learning.n_converged} of {len(learning.networks)} converged"
    sentence += f", {learning.n_failed} failed" if learning.n_failed else ""
    yield Section("Trained", sentence, Action("Train again", learning.again_url))
    rows = [_trained(one, len(learning.inputs)) for one in learning.networks]
    labels = ("Network", "Outcome", "Epochs", "Loss", "Inputs right", "Validation rows right")
    others = [", ".join(one.known_as) for one in learning.networks]
    known = [f"Known as {names}, too." if names else "" for names in others]
    yield replace(Table.plain(labels, rows, known), id="training")
    if learning.chart.series:
        words = f"Mean squared error by epoch; training stops when an epoch’s is below {learning.loss_target:g}. "
        one = f"Drawn: {learning.thinning}."
        words += "A line for each seed, dashed where it did not converge." if rows[1:] else one
        yield ChartFigure(chart=learning.chart, caption=words, id="loss")
    if learning.n_failed:
        yield Prose("What did not converge is no network to explain: it is listed here alone.", glossary=False)


def _trained(one: TrainedNetwork, n_inputs: int) -> tuple[str | Markup, ...]:
    name = Markup('<a href="{}">{}</a>').format(one.url, one.name) if one.url else one.name
    sign = VERDICT_MARKS[_SIGNS[one.end]]
    words = f"{one.state.replace('_', ' ')} {one.message}".strip()
    return (
        name,
        Markup('<span class="glyph">{}</span> {}').format(sign, words),
        exact(one.epochs),
        f"{one.loss:.2e}" if one.loss is not None else "not finite" if one.epochs else "",
        "" if one.n_right is None else f"{one.n_right} of {n_inputs}",
        "" if one.accuracy is None else f"{one.accuracy:.1%}",
    )


def _log(job: JobPage) -> Prose:
    left = [f"{exact(job.log_left_out)} earlier lines left out"] if job.log_left_out else []
    lines = [f"{one.at:%H:%M:%S} {'' if one.level == 'info' else f'{one.level}: '}{one.message}" for one in job.log]
    text = "\n".join(" ".join(line.split("\n")) for line in [*left, *lines] or ["nothing yet"])
    return Prose("```\n" + text.replace("```", "'''") + "\n```\n\nTimes are UTC.", glossary=False)
