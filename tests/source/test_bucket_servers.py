"""Servers of buckets that lie, drip, refuse or are not to be asked: errors in words, no secret."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from threading import Event, Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from provenance.errors import ConfigError, SourceError
from provenance.source.bucket.objects import BucketRelease, Objects
from provenance.source.bucket.words import said_by
from provenance.source.deadline import Deadline
from provenance.source.limits import DEFAULT
from provenance.source.progress import Silent
from provenance.source.remote.store import StoreOptions, store
from tests.quiet import Quiet, QuietServer
from tests.source.stores import KEYS


@pytest.mark.parametrize(
    "url",
    [
        "http://store.example",
        "http://10.0.0.1:9000",
        "ftp://store.example",
        "store.example:9000",
        "https://user:secret@store.example",
        "https://store.example/?token=secret",
        "http://127.0.0.1@store.example/",
    ],
)
def test_a_server_is_asked_over_https_or_on_this_machine(url: str) -> None:
    with pytest.raises(ConfigError, match="expected https") as error:
        store("s3://bucket/x", StoreOptions(variables={"AWS_ENDPOINT_URL": url}))
    assert "secret" not in str(error.value)


def test_what_obstore_says_is_one_line_without_a_signature() -> None:
    said = "Error performing GET https://h/c/key?sig=SECRET&se=1 in 2ms: <x>?\nDebug source: SECRET"
    assert said_by(ValueError(said)) == "Error performing GET https://h/c/key?… in 2ms"


Answers = Callable[[str, Mapping[str, list[str]]], tuple[int, Mapping[str, str], bytes]]


@contextmanager
def server(answers: Answers) -> Iterator[tuple[dict[str, str], list[str]]]:
    """The variables by which a server on loopback is asked, and what it was asked."""
    asked: list[str] = []

    class Handler(Quiet):
        def do_GET(self) -> None:
            asked.append(self.path)
            split = urlsplit(self.path)
            status, headers, body = answers(
                split.path, parse_qs(split.query, keep_blank_values=True)
            )
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_HEAD = do_GET

    with QuietServer(("127.0.0.1", 0), Handler) as made:
        Thread(target=made.serve_forever, daemon=True).start()
        try:
            yield {**KEYS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{made.server_port}"}, asked
        finally:
            made.shutdown()


def listed(*keys: str, more: str = "") -> bytes:
    rows = (f'<Contents><Key>{key}</Key><Size>2</Size><ETag>"e"</ETag></Contents>' for key in keys)
    return f"<ListBucketResult>{more}{''.join(rows)}</ListBucketResult>".encode()


def error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code></Error>".encode()


GOES_ON = "<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
LIES: Mapping[str, tuple[Answers, str]] = {
    "no listing": (lambda *_: (200, {}, b"<html>welcome</html"), "expected a listing"),
    "keys of elsewhere": (lambda *_: (200, {}, listed("other/a")), "does not lie there"),
    "a redirect to another host": (
        lambda *_: (302, {"Location": "https://elsewhere.example/"}, b""),
        "HTTP 302",
    ),
    "another region": (
        lambda *_: (301, {"x-amz-bucket-region": "eu-west-1"}, error("PermanentRedirect")),
        "set AWS_REGION=eu-west-1",
    ),
    "a region that is none": (
        lambda *_: (301, {"x-amz-bucket-region": "$(id)"}, error("PermanentRedirect")),
        "HTTP 301 PermanentRedirect",
    ),
    "a refusal": (lambda *_: (403, {}, error("AccessDenied")), "AccessDenied: set AWS_ACCESS_KEY"),
    "no bucket": (lambda *_: (404, {}, error("NoSuchBucket")), "NoSuchBucket: there is no such"),
    "a server that fails": (lambda *_: (500, {}, b""), "HTTP 500: try again"),
    "a page without end": (lambda *_: (200, {}, b" " * (9 << 20)), "more than 8388608 bytes"),
    "an end that does not say how it goes on": (
        lambda *_: (200, {}, listed("p/a", more="<IsTruncated>true</IsTruncated>")),
        "cuts its listing off",
    ),
    "nothing": (lambda *_: (200, {}, listed()), "nothing lies there"),
    "nothing, again and again": (lambda *_: (200, {}, listed(more=GOES_ON)), "nothing lies there"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_server_that_lies_is_an_error_in_words(name: str) -> None:
    answers, words = LIES[name]
    with server(answers) as (variables, _), pytest.raises(SourceError) as caught:
        store("s3://bucket/p", StoreOptions(variables=variables)).opened(None)
    said = str(caught.value)
    assert words in said
    assert not [secret for secret in (*KEYS.values(), "X-Amz", "$(id)") if secret in said]


class Notes(Silent):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def note(self, words: str) -> None:
        self.told.append(words)


def test_where_versions_are_not_shown_the_objects_are_and_it_is_told_once() -> None:
    def answers(path: str, query: Mapping[str, list[str]]) -> tuple[int, dict[str, str], bytes]:
        if "versions" in query:
            return 403, {}, error("AccessDenied")
        return 200, {}, listed("p/a.json", "p/b.json")

    notes = Notes()
    with server(answers) as (variables, _):
        asked = store("s3://bucket/p", StoreOptions(variables=variables, progress=notes))
        assert [entry.path for entry in asked.opened(None).entries] == ["a.json", "b.json"]
        asked.opened(None)
    assert [words.partition(" ")[2][:17] for words in notes.told] == ["keeps no versions"]


def test_a_listing_without_end_is_left_at_the_limit() -> None:
    def answers(path: str, query: Mapping[str, list[str]]) -> tuple[int, dict[str, str], bytes]:
        return 200, {}, listed(*(f"p/{number}" for number in range(100)), more=GOES_ON)

    with server(answers) as (variables, asked):
        options = StoreOptions(variables=variables, limits=replace(DEFAULT, entries=250))
        assert not store("s3://bucket/p", options).opened(None).whole
    assert len(asked) == 1 + 3


def test_a_public_bucket_is_asked_without_a_signature() -> None:
    with server(lambda *_: (200, {}, listed("p/a"))) as (variables, asked):
        options = StoreOptions(variables={**variables, "AWS_SKIP_SIGNATURE": "true"})
        store("s3://bucket/p", options).opened(None)
    assert asked
    assert not [path for path in asked if "X-Amz-" in path]


def test_nothing_is_asked_after_the_deadline() -> None:
    with server(lambda *_: (200, {}, listed("p/a"))) as (variables, asked):
        over = Deadline(1.0, clock=iter((0.0, 2.0, 2.0, 2.0)).__next__)
        options = StoreOptions(variables=variables, deadline=over)
        with pytest.raises(SourceError, match="deadline"):
            store("s3://bucket/p", options).opened(None)
    assert asked == []


def test_the_variables_of_the_process_name_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        server(lambda *_: (200, {}, listed("p/a"))) as (variables, asked),
        server(lambda *_: (500, {}, b"")) as (others, wrong),
    ):
        for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
            monkeypatch.setenv(name, others["AWS_ENDPOINT_URL"])
        release = store("s3://bucket/p", StoreOptions(variables=variables)).opened(None).release
        with pytest.raises(SourceError, match="range"):
            release.whole("a", 9)
    assert wrong == []
    assert len(asked) == 3


def test_a_server_that_does_not_go_on_is_not_waited_for() -> None:
    over = Event()

    def answers(path: str, query: Mapping[str, list[str]]) -> tuple[int, dict[str, str], bytes]:
        if path.endswith("/a"):
            over.wait(60)
        return 200, {}, listed("p/a")

    with server(answers) as (variables, _):
        release = store("s3://bucket/p", StoreOptions(variables=variables)).opened(None).release
        assert isinstance(release, BucketRelease)
        assert isinstance(release.content, Objects)
        content, entry = replace(release.content, patience=0.1), release.entries["a"]
        with pytest.raises(SourceError, match="does not answer in time"):
            content.span(entry, 0, 2)
        with pytest.raises(SourceError, match="does not answer in time"):
            list(content.chunks(entry))
        over.set()
