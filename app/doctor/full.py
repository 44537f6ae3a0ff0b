"""The whole examination, in order: surroundings first, then the store, as far as it can be opened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from pydantic import ValidationError

from analysis import ENGINE_VERSION
from app.db.engine import Store, newest_revision, store_at
from app.db.errors import StoreUnavailable
from app.doctor import environment, stored
from app.doctor.finding import Diagnosis, Finding, guarded, ok, problem
from app.settings import Settings


def examine(variables: Mapping[str, str], *, sample: int = 5, thorough: bool = False) -> Diagnosis:
    """Look at everything; nothing is changed.

    Args:
        variables: the variables in force.
        sample: how many analyses are hashed again.
        thorough: whether every index of a very large database is checked too.
    """
    findings = list(_findings(variables, sample, thorough))
    healthy = not any(finding.level == "problem" for finding in findings)
    return Diagnosis(version=ENGINE_VERSION, healthy=healthy, findings=findings)


def _findings(variables: Mapping[str, str], sample: int, thorough: bool) -> Iterator[Finding]:
    yield from guarded("settings.unknown", partial(environment.of_environment, variables))
    try:
        settings = Settings()
    except ValidationError as error:
        for one in error.errors():
            name = "_".join(map(str, one["loc"])).upper()
            yield problem("settings.range", f"PLURISCOPE_{name} is {one['input']!r}: {one['msg']}", "correct it")
        return
    for check, look in (
        ("settings.agree", partial(environment.of_settings, settings)),
        ("settings.device", partial(of_device, settings)),
        ("versions", partial(environment.of_versions, settings)),
        ("folder", partial(environment.of_folder, settings)),
        ("clock.right", environment.of_clock),
    ):
        yield from guarded(check, look)
    yield from guarded("store", partial(_of_store, settings, sample, thorough))


def _of_store(settings: Settings, sample: int, thorough: bool) -> Iterator[Finding]:
    if not settings.database_url and not settings.data.is_dir():
        return  # there is none yet, which was said
    try:
        store = store_at(settings.url)
    except StoreUnavailable as error:
        yield problem("store.schema", f"{error.item} {error.cause}", error.cure)
        return
    try:
        yield from _of_opened(store, sample, thorough)
    finally:
        store.close()


def _of_opened(store: Store, sample: int, thorough: bool) -> Iterator[Finding]:
    try:
        revision = store.revision()
    except StoreUnavailable as error:
        yield problem("store.schema", f"{error.item} {error.cause}", error.cure)
        yield from guarded("store.sound", partial(stored.of_soundness, store, thorough=thorough))
        return
    yield from stored.of_schema(store)
    if revision is None:
        return
    yield from guarded("store.sound", partial(stored.of_soundness, store, thorough=thorough))
    yield from guarded("store.parents", partial(stored.of_parents, store))
    yield from guarded("store.numbering", partial(stored.of_numbering, store))
    if revision != newest_revision():
        return  # what follows reads rows as this program knows them
    yield from guarded("clock", partial(stored.of_times, store))
    yield from guarded("jobs", partial(stored.of_jobs, store))
    yield from guarded("store.digests", partial(stored.of_content, store, sample=sample))


def of_device(settings: Settings) -> Iterator[Finding]:
    """Whether the device that trainings are to use is there; torch is loaded only to answer that."""
    if settings.device == "cpu":
        return
    import torch

    try:
        torch.zeros(1, device=settings.device)
        yield ok("settings.device", f"device {settings.device} is there")
    except (RuntimeError, AssertionError) as error:
        yield problem(
            "settings.device",
            f"device {settings.device} cannot be used ({str(error).splitlines()[0][:120]})",
            "set PLURISCOPE_DEVICE=cpu, or install the driver and a build of torch for it",
        )
