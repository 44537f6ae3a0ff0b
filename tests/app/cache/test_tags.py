"""Entity tags as RFC 9110 compares them."""

import pytest

from app.cache.answers import is_had, tag_of, without_content

HEADERS = [(b"content-type", b"text/html"), (b"cache-control", b"no-cache")]


def test_a_tag_tells_body_and_headers_apart():
    tags = {
        tag_of(HEADERS, b"a"),
        tag_of(HEADERS, b"b"),
        tag_of([*HEADERS, (b"hx-push-url", b"/x")], b"a"),
        tag_of(HEADERS[:1], b"a"),
    }
    assert len(tags) == 4
    assert all(tag.startswith(b'W/"') for tag in tags)
    assert tag_of(HEADERS, b"a") == tag_of([*HEADERS], b"a")
    assert tag_of([*HEADERS, (b"etag", b'"own"')], b"a") == b'"own"'


@pytest.mark.parametrize(
    ("tags", "tag", "had"),
    [
        (b'W/"a"', b'W/"a"', True),
        (b'"a"', b'W/"a"', True),
        (b'W/"a"', b'"a"', True),
        (b'"b", W/"a"', b'W/"a"', True),
        (b"*", b'W/"a"', True),
        (b'"b"', b'W/"a"', False),
        (b'"aa"', b'W/"a"', False),
        (b"a", b'W/"a"', False),
        (b"", b'W/"a"', False),
        (b'"a', b'W/"a"', False),
    ],
)
def test_tags_are_compared_weakly(tags, tag, had):
    assert is_had(tags, tag) is had


def test_an_answer_without_content_does_not_describe_it():
    headers = [*HEADERS, (b"content-length", b"1"), (b"etag", b'"a"')]
    assert without_content(headers) == [(b"cache-control", b"no-cache"), (b"etag", b'"a"')]
