"""Lines of batches: what is wrong is named by line and code, and the rest stands."""

import json

import pytest

from service.errors import BatchTooLong, InvalidRequest
from service.reporting.report import Profile
from service.scans.batch_lines import MAX_LINES, read_lines

URL = "https://example.org/a.jpg"


def lines(*values: object) -> bytes:
    return b"\n".join(
        value if isinstance(value, bytes) else json.dumps(value).encode() for value in values
    )


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{", "invalid_request"),
        (b"\xff\xfe", "invalid_request"),
        (b"[" * 8000, "invalid_request"),
        (b'{"url": "' + b"x" * 9000 + b'"}', "invalid_request"),
        ([], "invalid_request"),
        ("text", "invalid_request"),
        (None, "invalid_request"),
        ({}, "invalid_request"),
        ({"url": URL, "upload": "0" * 26}, "invalid_request"),
        ({"url": 7}, "invalid_request"),
        ({"url": ""}, "invalid_request"),
        ({"url": URL, "reference": "a\nb"}, "invalid_request"),
        ({"url": URL, "reference": "x" * 201}, "invalid_request"),
        ({"url": URL, "labels": {"a b": "c"}}, "invalid_request"),
        ({"url": URL, "labels": {"a": 1}}, "invalid_request"),
        ({"url": URL, "labels": {f"a{n}": "" for n in range(17)}}, "invalid_request"),
        ({"url": URL, "profile": "quick"}, "invalid_request"),
        ({"ulr": URL}, "unknown_field"),
        ({"url": "file:///etc/passwd"}, "url_refused"),
        ({"url": "http://["}, "url_refused"),
        ({"url": "ftp://example.org/a"}, "url_refused"),
    ],
)
def test_a_wrong_line_has_a_code_and_spoils_no_other(line: object, code: str) -> None:
    before, wrong, after = read_lines(lines({"url": URL}, line, {"url": URL}), Profile.FULL)
    assert (before.failure, after.failure) == (None, None)
    assert wrong.failure is not None
    assert (wrong.line, wrong.failure.code) == (2, code)
    assert wrong.failure.sentence


def test_a_wrong_line_is_still_known_by_its_reference() -> None:
    (wrong,) = read_lines(lines({"url": "gopher://x", "reference": "post-1"}), Profile.FULL)
    assert wrong.reference == "post-1"
    assert wrong.failure is not None


def test_what_was_sent_is_not_repeated() -> None:
    (wrong,) = read_lines(lines({"url": URL, "reference": "secret\x00"}), Profile.FULL)
    assert wrong.failure is not None
    assert "secret" not in wrong.failure.sentence
    assert "reference" in wrong.failure.sentence


def test_a_line_may_say_more_than_its_address() -> None:
    (item,) = read_lines(
        lines({"url": URL, "reference": "p", "labels": {"shop": "7"}, "profile": "provenance"}),
        Profile.FULL,
    )
    assert (item.url, item.reference, item.labels, item.profile) == (
        URL,
        "p",
        {"shop": "7"},
        Profile.PROVENANCE,
    )


def test_blank_lines_and_other_line_ends_do_not_move_the_numbers() -> None:
    body = b"\xef\xbb\xbf" + json.dumps({"url": URL}).encode() + b"\r\n\r\n" + lines({"url": URL})
    assert [item.line for item in read_lines(body + b"\n\n", Profile.FULL)] == [1, 3]
    assert all(item.failure is None for item in read_lines(body, Profile.FULL))


def test_a_batch_has_one_line_at_least_and_a_thousand_at_most() -> None:
    thousand = lines(*[{"url": URL}] * MAX_LINES)
    assert len(read_lines(thousand, Profile.FULL)) == MAX_LINES
    with pytest.raises(BatchTooLong):
        read_lines(thousand + b"\n" + lines({"url": URL}), Profile.FULL)
    for empty in (b"", b"\n \r\n"):
        with pytest.raises(InvalidRequest):
            read_lines(empty, Profile.FULL)
