"""The page of the common ground."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app.addressing import Addresses
from app.db.job_tables import JobRow
from app.db.reads import common_ground as reads
from app.db.reads.jobs import jobs_of_network
from app.db.reads.networks import jobs_for
from app.db.tables import CommonGroundRow
from app.pages.common_ground.drawn import drawn_cloud
from app.pages.common_ground.filters import after_of, order_of, pills_of, sorts_of, view_of, wanted_points
from app.pages.common_ground.points import grid_view, point_views
from app.pages.common_ground.views import CommonGroundOptions, CommonGroundPage, SurveyState
from app.pages.cursors import write_cursor
from app.pages.place import Place, locate_boolean
from app.pages.shared import job_view, latest_job, network_view, scope_view


def build_common_ground(
    session: Session, addresses: Addresses, network: str, options: CommonGroundOptions
) -> CommonGroundPage:
    """The cloud, and the part of its list that an address asks for.

    Raises:
        NotFound: no such network, output, protocol or data record.
        BadQuery: a filter that names nothing, or a cursor that no page gave out.
    """
    place = locate_boolean(session, addresses, network, options.scope)
    row = None if place.analysis is None else reads.common_ground_of(session, place.analysis)
    wanted = wanted_points(session, place, options, 1 if row is None else row.n_interventions)
    after = after_of(options)
    state, job = survey_state(session, place, row)
    slug, scope = place.row.slug, place.scope
    view = view_of(options)

    def url(**query: Any) -> str:
        return addresses.common_ground(slug, scope, **query)

    drawn, items, total, following = None, [], 0, None
    if row is not None:
        drawn = drawn_cloud(session, place, row, addresses)
        found = reads.list_points(
            session,
            row,
            wanted,
            sort=options.sort,
            descending=options.order == "desc",
            after=after,
            limit=options.limit,
        )
        items = point_views(session, place, row, found.points, addresses)
        total = found.total
        if found.more:
            following = write_cursor(order_of(options), [found.keys[-1], found.points[-1].position])
    analysis_job = (
        None
        if place.analysis is not None
        else latest_job(jobs_for(session, [place.row.digest]), scope, place.question.model.n_inputs)
    )
    return CommonGroundPage(
        network=network_view(place.row, addresses, place.question.model),
        scope=scope_view(place, analysis_job, addresses),
        state=state,
        job=None if job is None else job_view(job, addresses),
        survey=drawn and drawn.survey,
        summary=list(drawn.summary) if drawn else [],
        cloud=list(drawn.marks) if drawn else [],
        places=drawn.places if drawn else 0,
        places_url=addresses.common_ground_places(slug, scope),
        grid=grid_view(drawn.grid) if drawn and drawn.grid else None,
        representatives=list(drawn.representatives) if drawn and drawn.representatives is not None else None,
        kinds=drawn.kinds if drawn else {},
        total=total,
        items=items,
        sorts=sorts_of(options, url),
        filters=pills_of(options, url),
        next=following,
        next_url=None if following is None else url(**view, after=following),
        first_url=url(**view),
        url=url(**view, after=options.after),
        bare_url=url(),
        csv_url=addresses.common_ground_table(slug, scope),
        request_url=url(),
        network_url=addresses.network(slug, scope),
        compare_url=addresses.compare(slug, (), scope),
        scope_query=list(scope.query().items()),
    )


def survey_state(session: Session, place: Place, row: CommonGroundRow | None) -> tuple[SurveyState, JobRow | None]:
    """Whether the analysis is surveyed, and otherwise how far that is."""
    if row is not None:
        return "done", None
    if place.analysis is None:
        return "not_analysed", None
    key = (place.scope.output, place.analysis.protocol_digest, place.analysis.data_digest, place.analysis.result_digest)
    for job in jobs_of_network(session, place.row.digest):
        told = job.arguments
        if job.kind == "common-ground" and (told["output"], told["protocol"], told["data"], told["result"]) == key:
            if job.state in ("queued", "running"):
                return "computing", job
            if job.state == "failed":
                return "failed", job
            if job.state == "cancelled":
                return "cancelled", job
            break
    return "not_surveyed", None
