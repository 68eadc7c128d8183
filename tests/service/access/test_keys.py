"""The text of an API key, and what a secret scanner may rely on."""

import hashlib
import re
import zlib

import pytest

from service.access.keys import PATTERN, new_key, parse

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def test_a_key_is_found_by_the_published_pattern() -> None:
    key = new_key()
    found = re.findall(PATTERN, f'config = {{"token": "{key.text}"}}\n')
    assert found == [key.text]


def test_the_checksum_is_the_crc_that_the_documentation_describes() -> None:
    text = new_key().text
    value = 0
    for digit in text[-6:]:
        value = value * 62 + DIGITS.index(digit)
    assert value == zlib.crc32(text[:-6].encode())


def test_a_key_that_was_read_is_the_one_that_was_made() -> None:
    made = new_key()
    read = parse(made.text)
    assert read == made
    assert made.matches(hashlib.sha256(made.text.encode()).hexdigest())
    assert not new_key().matches(made.hash)


def test_no_two_keys_are_alike() -> None:
    assert len({new_key().text for _ in range(200)}) == 200


@pytest.mark.parametrize("place", [6, 30, -7, -1])
def test_one_wrong_character_is_noticed_without_asking_anybody(place: int) -> None:
    text = new_key().text
    other = "b" if text[place] == "a" else "a"
    changed = list(text)
    changed[place] = other
    assert parse("".join(changed)) is None


@pytest.mark.parametrize("change", ["{} ", " {}", "{}x", "x{}", "{}\n", ""])
def test_nothing_may_stand_around_a_key(change: str) -> None:
    assert parse(change.format(new_key().text)) is None


def test_a_key_does_not_show_in_what_is_printed_of_it() -> None:
    key = new_key()
    assert key.text not in repr(key)
