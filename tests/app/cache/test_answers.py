"""Answers are given again exactly while they are true, to whom they are true for."""

import asyncio
import threading

import httpx
import pytest
from sqlalchemy import func, select

from app.cache.answers import SECONDS_OF_TIME
from app.db.tables import ProtocolRow
from app.settings import Settings
from tests.app.cache.conftest import LOCAL, TOKEN, VISITOR, House, add_data, add_protocol


def names(client, **headers):
    return client.get("/names", headers=headers).json()["names"]


def test_the_same_question_is_answered_from_memory_while_nothing_changes(house):
    client = house.client()
    answers = [client.get("/names") for _ in range(3)]
    assert house.made["names"] == 1
    assert house.made_anew == [True, False, False]
    assert {answer.text for answer in answers} == {'{"names":[]}'}
    assert len({answer.headers["x-request-id"] for answer in answers}) == 3
    assert [answer.headers["content-security-policy"] for answer in answers] == 3 * [
        answers[0].headers["content-security-policy"]
    ]


def test_a_change_of_this_process_is_seen_by_the_next_request(house):
    client = house.client()
    for number in range(5):
        add_protocol(house.store, f"p{number}")
        assert len(names(client)) == number + 1


def test_a_change_of_another_process_is_seen_by_the_next_request(house, elsewhere):
    client = house.client()
    for number in range(5):
        assert len(names(client)) == number
        add_protocol(elsewhere, f"p{number}")
    assert house.served == 5 * ["made"]


def test_an_answer_outlasts_changes_of_what_it_was_not_read_from(house, elsewhere):
    client = house.client()
    names(client)
    for number in range(3):
        add_data(elsewhere, f"d{number}")
        assert names(client) == []
        assert names(client) == []
    assert house.made["names"] == 1
    assert house.served == ["made", *(3 * ["confirmed", "kept"])]


def test_what_is_changed_while_an_answer_is_made_is_not_missed(house):
    """The version is asked for before anything is read, so an answer that is old when it is kept is looked at again."""
    client = house.client()
    for number in range(3):
        assert len(client.get("/late").json()["names"]) == number


def test_an_answer_is_made_anew_after_some_time(house):
    client = house.client()
    most = house.settings.kept_answers_seconds
    for house.seconds in (0.0, most - 0.1, most):
        client.get("/nothing")
    assert house.made_anew == [True, False, True]


def test_what_shows_the_time_is_kept_for_a_moment(house):
    client = house.client()
    for house.seconds in (0.0, SECONDS_OF_TIME - 0.1, SECONDS_OF_TIME):
        client.get("/time")
        client.get("/nothing")
    assert house.made == {"time": 2, "nothing": 1}


@pytest.mark.parametrize("path", ["cookie", "secret", "private", "stream", "many", "gone", "writes"])
def test_what_must_not_be_kept_is_not(house, path):
    client = house.client()
    first, second = client.get(f"/{path}"), client.get(f"/{path}")
    assert house.served == ["made", "made"]
    assert (first.status_code, first.content) == (second.status_code, second.content)


def test_streams_come_whole(house):
    assert house.client().get("/stream").text == "one two"


def test_visitors_who_may_do_different_things_do_not_share(house):
    here, there = house.client(), house.client(VISITOR, "http://pluriscope.example")
    same = house.client(LOCAL, "http://pluriscope.example")  # a page of another name on this machine: not local
    token = {"authorization": f"Bearer {TOKEN}"}
    said = [
        here.get("/who").json(),
        there.get("/who").json(),
        same.get("/who").json(),
        there.get("/who", headers=token).json(),
        here.get("/who", headers=token).json(),
    ]
    assert [one["by"] for one in said] == ["local", "", "", "token", "token"]
    assert [one["role"] for one in said] == ["admin", "", "", "admin", "admin"]


def test_logged_in_browsers_are_given_their_own_answers(house):
    secret = house.app.state.credentials.begin_session("editor", "link", 1.0)
    there = house.client(VISITOR, "http://pluriscope.example")
    assert there.get("/who").json()["by"] == ""
    cookie = {"cookie": f"pluriscope_session={secret}"}
    assert [there.get("/who", headers=cookie).json()["by"] for _ in range(2)] == ["session", "session"]
    assert there.get("/who").json()["by"] == ""
    assert house.made_anew == [True, True, True, False]


@pytest.mark.parametrize(
    "headers",
    [
        {"accept": "application/json"},
        {"hx-request": "true"},
        {"hx-request-type": "full"},
        {"hx-boosted": "true"},
        {"hx-history-restore-request": "true"},
        {"hx-target": "#whole"},
        {"cookie": "theme=dark"},
        {"host": "localhost"},
    ],
)
def test_what_answers_depend_on_is_kept_apart(house, headers):
    client = house.client()
    plain, other = client.get("/who").json(), client.get("/who", headers=headers).json()
    assert plain != other
    assert client.get("/who").json() == plain
    assert client.get("/who", headers=headers).json() == other
    assert house.made_anew == [True, True, False, False]


def test_schemes_are_kept_apart(house):
    urls = [house.client(base_url=f"{scheme}://127.0.0.1").get("/who").json()["url"] for scheme in ("http", "https")]
    assert urls == ["http://127.0.0.1/who", "https://127.0.0.1/who"]


def test_what_answers_do_not_depend_on_is_not_shown_to_the_routes(house):
    client = house.client()
    first = client.get("/who?a=1", headers={"user-agent": "one", "referer": "http://x/", "cookie": "other=1"}).json()
    second = client.get("/who?a=1", headers={"user-agent": "two", "accept-language": "fr"}).json()
    assert first == second
    assert house.made_anew == [True, False]
    assert not {"user-agent", "referer", "cookie", "accept-language"} & set(first)
    assert client.get("/who?a=2", headers={"user-agent": "one"}).json()["url"].endswith("a=2")


@pytest.mark.parametrize("path", ["/static/who", "/jobs/1/events"])
def test_files_and_streams_of_jobs_are_left_alone(house, path):
    client = house.client()
    answers = [client.get(path, headers={"user-agent": name}).json()["user-agent"] for name in ("one", "two")]
    assert answers == ["one", "two"]


def test_a_request_with_a_body_is_not_answered_from_memory(house):
    client = house.client()
    client.get("/who")
    client.request("GET", "/who", content=b"{}")
    assert house.served == ["made", "made"]


def test_head_is_answered_as_get_without_a_body(house):
    client = house.client()
    client.get("/names")
    head = client.head("/names")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "12")
    assert house.made_anew == [True, False]


def test_who_has_the_answer_already_is_told_so(house):
    client = house.client()
    first = client.get("/names")
    tag = first.headers["etag"]
    again = client.get("/names", headers={"if-none-match": f'"other", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert again.headers["cache-control"] == "no-cache"
    assert "content-length" not in again.headers
    add_protocol(house.store, "p")
    changed = client.get("/names", headers={"if-none-match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


def test_tags_help_those_with_a_token_too(house):
    client = house.client(VISITOR, "http://pluriscope.example")
    headers = {"authorization": f"Bearer {TOKEN}"}
    tag = client.get("/names", headers=headers).headers["etag"]
    assert client.get("/names", headers=headers | {"if-none-match": tag}).status_code == 304
    assert house.made["names"] == 2


def test_what_is_given_again_is_compressed_for_those_who_take_it(house):
    client = house.client()
    plain = {"accept-encoding": "identity"}
    first = client.get("/nothing", headers=plain)
    packed = client.get("/nothing", headers={"accept-encoding": "br;q=1, gzip"})
    refused = client.get("/nothing", headers={"accept-encoding": "gzip;q=0"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < 200
    assert packed.text == first.text == refused.text
    assert "content-encoding" not in first.headers
    assert "content-encoding" not in refused.headers
    assert {"Accept-Encoding"} == {answer.headers["vary"] for answer in (first, packed, refused)}
    assert house.made["nothing"] == 1


def test_nothing_is_kept_where_the_setting_says_so(store, tmp_path):
    house = House(store, Settings(data=tmp_path, kept_answers_bytes=0))
    client = house.client()
    client.get("/nothing")
    tag = client.get("/nothing").headers["etag"]
    assert client.get("/nothing", headers={"if-none-match": tag}).status_code == 304
    assert house.made["nothing"] == 3


def test_the_limit_of_what_is_computed_holds_for_kept_answers_too(store, tmp_path):
    house = House(store, Settings(data=tmp_path, computed_per_minute=2))
    client = house.client(VISITOR, "http://pluriscope.example")
    answers = [client.get("/nothing", headers={"accept": "application/json"}).status_code for _ in range(3)]
    assert answers == [200, 200, 429]
    house.app.state.store_version.close()


def together(house, n, path="/names"):
    """As many visitors at once, while what is made waits."""

    async def run():
        house.gate = asyncio.Event()
        transport = httpx.ASGITransport(house.app, client=LOCAL)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            asked = [asyncio.create_task(client.get(path)) for _ in range(n)]
            while not house.begun:
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.02)
            yield_to = house.gate
            yield_to.set()
            return [one.json() for one in await asyncio.gather(*asked)]

    return asyncio.run(run())


def test_visitors_who_ask_at_once_wait_for_one_answer(house):
    assert together(house, 8) == 8 * [{"names": []}]
    assert house.made["names"] == 1
    assert sorted(house.served) == [*(7 * ["kept"]), "made"]


@pytest.mark.slow
def test_an_answer_that_was_begun_before_a_change_is_not_given_to_who_came_after_it(house, elsewhere):
    async def run():
        house.gate = asyncio.Event()
        transport = httpx.ASGITransport(house.app, client=LOCAL)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            early = asyncio.create_task(client.get("/names"))
            while not house.begun:
                await asyncio.sleep(0.005)
            await asyncio.sleep(0.1)  # it has read the store, and waits
            await asyncio.to_thread(add_protocol, elsewhere, "p")
            late = asyncio.create_task(client.get("/names"))
            await asyncio.sleep(0.02)
            house.gate.set()
            return (await early).json()["names"], (await late).json()["names"]

    assert asyncio.run(run()) == ([], ["p"])


@pytest.mark.slow
def test_a_database_that_does_not_say_its_version_stops_nobody(house, monkeypatch):
    monkeypatch.setattr("app.cache.answers.SECONDS_TO_ASK", 0.05)
    versions, go = house.app.state.store_version, threading.Event()
    monkeypatch.setattr(versions, "is_quick", False)
    monkeypatch.setattr(versions, "now", lambda: go.wait(10))
    with house.client() as client:
        assert [client.get("/names").status_code for _ in range(2)] == [200, 200]
        go.set()
    assert house.served == ["made", "made"]


def test_the_store_can_be_asked_for_as_before(house):
    """What is noted for one answer does not get into what others read."""
    house.client().get("/names")
    with house.store.read() as session:
        assert session.scalar(select(func.count()).select_from(ProtocolRow)) == 0
