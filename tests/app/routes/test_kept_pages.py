"""Real pages, kept and given again: each shows what is, to whom it is for."""

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from analysis.pipeline import analyse_output
from analysis.protocol import COMPLETE, PAPER
from analysis.question import ask as question
from app.db.engine import store_at
from app.db.links import rename_network
from app.db.tables import NetworkRow
from app.db.writes import save_analysis, save_network
from app.jobs import leases
from app.jobs.leases import Progress
from app.main import create_app
from tests.factories import XOR_SLUG, exact_xor, small_network, stored_analysis

NETWORK = f"/networks/{XOR_SLUG}"


@pytest.fixture
def served(caplog):
    """How the answers so far came about, oldest first."""
    caplog.set_level("INFO", logger="pluriscope.access")
    return lambda: [record.served for record in caplog.records if record.name == "pluriscope.access"]


@pytest.fixture
def elsewhere(store):
    opened = store_at(store.url)
    yield opened
    opened.close()


@pytest.mark.slow
@pytest.mark.parametrize("page", ["circuits", "algorithms", "explanations"])
def test_pages_outlast_what_a_worker_notes_of_its_progress(client, store, elsewhere, served, page):
    stored_analysis(store)
    client.post("/api/v1/networks/xor-pretrained/analyses", json={"protocol": "paper"})
    with elsewhere.write() as session:
        held = leases.claim(session, "worker")
    shown = {client.get(f"{prefix}{NETWORK}/{page}").status_code for prefix in ("", "/api/v1")}
    for done in (1, 2):
        with elsewhere.write() as session:
            leases.heartbeat(session, held, Progress("circuits", done, 3, f"{done} found"))
        shown |= {client.get(f"{prefix}{NETWORK}/{page}").status_code for prefix in ("", "/api/v1")}
    assert shown == {200}
    assert served() == [*(3 * ["made"]), *(4 * ["confirmed"])]


@pytest.mark.slow
def test_a_job_that_goes_on_is_shown_as_it_is(client, store, elsewhere):
    stored_analysis(store)
    job = client.post("/api/v1/networks/xor-pretrained/analyses", json={"protocol": "paper"}).json()["id"]
    with elsewhere.write() as session:
        held = leases.claim(session, "worker")
    for done in range(5):
        with elsewhere.write() as session:
            leases.heartbeat(session, held, Progress("circuits", done, 9, f"{done} of nine found"))
        for address in (f"/api/v1/jobs/{job}", f"/jobs/{job}"):
            for _ in range(2):
                assert f"{done} of nine found" in client.get(address).text


@pytest.mark.slow
def test_whoever_changes_something_sees_it_at_once(client, store, served):
    stored_analysis(store)
    client.get("/")
    client.get(NETWORK)
    answer = client.post(f"{NETWORK}/rename", data={"slug": "quite-new"}, headers={"origin": "http://127.0.0.1"})
    assert answer.status_code == 303
    assert client.get(answer.headers["location"]).status_code == 200
    assert client.get(NETWORK).status_code == 301
    assert "/networks/quite-new" in client.get("/").text
    assert "kept" not in served()


def test_what_readers_may_do_is_not_mixed_up(client, application, store, served):
    stored_analysis(store)
    reader = TestClient(application, base_url="http://pluriscope.example", client=("203.0.113.5", 1))
    for _ in range(2):
        here, there = client.get(f"{NETWORK}/delete"), reader.get(f"{NETWORK}/delete")
        assert f'action="{NETWORK}/delete"' in here.text
        assert f'action="{NETWORK}/delete"' not in there.text
        assert "Log in" in there.text
    assert served() == ["made", "made", "kept", "kept"]


@pytest.mark.slow
def test_a_part_and_its_page_and_a_theme_are_not_mixed_up(client, store, served):
    stored_analysis(store)
    address = f"{NETWORK}/circuits"
    for _ in range(2):
        page, part = client.get(address).text, client.get(address, headers={"HX-Request": "true"}).text
        dark = client.get(address, headers={"cookie": "theme=dark"}).text
        assert page.startswith("<!doctype html>")
        assert "<!doctype html>" not in part
        assert 'data-theme="dark"' in dark
        assert 'data-theme="dark"' not in page
    assert served() == [*(3 * ["made"]), *(3 * ["kept"])]


@pytest.mark.slow
def test_choosing_a_theme_sets_its_cookie_each_time(client, store):
    for _ in range(2):
        assert "theme=dark" in client.get("/?theme=dark").headers["set-cookie"]


@pytest.mark.slow
def test_a_twin_that_its_reader_has_is_not_sent_again(client, store):
    stored_analysis(store)
    first = client.get(f"/api/v1{NETWORK}")
    tag = {"if-none-match": first.headers["etag"]}
    assert client.get(f"/api/v1{NETWORK}", headers=tag).status_code == 304
    client.post(f"{NETWORK}/rename", data={"slug": "quite-new"}, headers={"origin": "http://127.0.0.1"})
    again = client.get("/api/v1/networks/quite-new", headers=tag)
    assert (again.status_code, again.json()["url"]) == (200, "/networks/quite-new")


@pytest.mark.slow
def test_pictures_keep_their_own_tags(client, store):
    stored_analysis(store)
    mask = client.get(f"/api/v1{NETWORK}/circuits?limit=1").json()["items"][0]["mask"]
    address = f"{NETWORK}/circuits/{mask}/card.png"
    first = client.get(address)
    tag = first.headers["etag"]
    assert client.get(address, headers={"if-none-match": tag}).status_code == 304
    assert client.get(address).headers["etag"] == tag


@pytest.mark.slow
def test_whatever_is_changed_kept_pages_are_as_if_made_anew(client, application, store, elsewhere, served):
    """The same store behind an application that keeps nothing: after each of many changes both say the same."""
    xor = exact_xor()
    found_first, found_later = (
        analyse_output(question(xor.network, task=xor.tasks[0], protocol=p)) for p in (COMPLETE, PAPER)
    )
    with store.write() as session:
        save_network(session, xor, slug=XOR_SLUG)
        save_analysis(session, found_first)
    plain = create_app(application.state.settings.model_copy(update={"kept_answers_bytes": 0}))
    random = np.random.default_rng(0)
    slugs, held = [XOR_SLUG], []
    number = {"x-request-id": "one"}  # pages of errors show it

    def add_a_network() -> None:
        with elsewhere.write() as session:
            file = small_network(seed=int(random.integers(10**6)))
            slugs.append(save_network(session, file, slug="", origin="uploaded").slug)

    def rename() -> None:
        place = int(random.integers(len(slugs)))
        with elsewhere.write() as session:
            row = session.scalars(select(NetworkRow).where(NetworkRow.slug == slugs[place])).one()
            slugs[place] = f"renamed-{random.integers(10**6)}"
            rename_network(session, row, slugs[place])

    def ask() -> None:
        client.post(f"/api/v1/networks/{random.choice(slugs)}/analyses", json={"protocol": "paper"})

    def work() -> None:
        with elsewhere.write() as session:
            if held:
                done = int(random.integers(100))
                leases.heartbeat(session, held[0], Progress("circuits", done, 100, f"{done} found"))
            elif found := leases.claim(session, "worker"):
                held.append(found)

    def find() -> None:
        with elsewhere.write() as session:
            save_analysis(session, found_later)

    with TestClient(plain, base_url="http://127.0.0.1", client=("127.0.0.1", 50_000), follow_redirects=False) as anew:
        changes = [add_a_network, rename, ask, work, work, work, find, rename, ask, work]
        for change in random.permutation(changes):
            change()
            paths = ["/", "/api/v1/networks", "/studies"]
            for slug in {slugs[0], str(random.choice(slugs))}:
                parts = ("", "/circuits", "/algorithms", "/explanations", "/funnel", "/ladder", "/rename")
                paths += [f"/networks/{slug}{part}" for part in parts] + [f"/api/v1/networks/{slug}/explanations"]
            for path in [str(path) for path in random.permutation(paths)[:5]]:
                for _ in range(2):
                    kept, made = client.get(path, headers=number), anew.get(path, headers=number)
                    assert (kept.status_code, kept.text) == (made.status_code, made.text), path
    assert served().count("confirmed") > 8
