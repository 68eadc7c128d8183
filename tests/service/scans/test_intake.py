import hashlib
import io
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

import pytest

from detectors.base import Kind
from detectors.media.sniff import HEAD_BYTES, TracedAs
from service.errors import EmptyFile, FileTooLarge, UnsupportedKind
from service.scans.intake import (
    NAME_LENGTH,
    Receiver,
    display_name,
    receive_all,
    source_from_path,
    source_from_stream,
)
from service.storage.folder import FolderStore
from service.storage.protocol import read
from tests import bad_media
from tests.media import audio_bytes, jpeg, photo_like, speech_wav
from tests.sounds import speech_like

LIMITS = {Kind.IMAGE: 100_000, Kind.AUDIO: 200_000, Kind.VIDEO: 300_000}


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path)


def receiver(store: FolderStore, name: str = "photo.jpg") -> Receiver:
    return Receiver(lambda: store.writer("default"), LIMITS, name)


def stored(store_folder: Path) -> list[Path]:
    return [path for path in store_folder.rglob("*") if path.is_file()]


def test_an_upload_is_hashed_measured_and_typed_while_it_arrives(store: FolderStore) -> None:
    data = jpeg(photo_like(200, 150))
    with receiver(store) as receiving:
        for start in range(0, len(data), 1000):
            receiving.write(data[start : start + 1000])
        received = receiving.finish()
    assert received.sha256 == hashlib.sha256(data).hexdigest()
    assert received.size == len(data)
    assert received.type.kind is Kind.IMAGE
    assert received.type.media_type == "image/jpeg"
    assert read(store, received.blob) == data


def test_the_type_comes_from_the_content_and_not_from_the_name(store: FolderStore) -> None:
    received = receive_all(io.BytesIO(speech_wav(1.0)), receiver(store, "photo.jpg"))
    assert received.type.kind is Kind.AUDIO


@pytest.mark.parametrize("make", [bad_media.text, bad_media.zip_archive])
def test_what_is_no_media_is_refused_and_leaves_nothing(
    store: FolderStore, tmp_path: Path, make: object
) -> None:
    assert callable(make)
    with pytest.raises(UnsupportedKind):
        receive_all(io.BytesIO(make()), receiver(store))
    assert stored(tmp_path) == []


def test_what_is_no_media_is_refused_after_the_first_bytes(store: FolderStore) -> None:
    with receiver(store) as receiving, pytest.raises(UnsupportedKind):
        receiving.write(b"BM" + bytes(HEAD_BYTES))


@pytest.mark.parametrize(
    ("make", "traced_as"),
    [
        (bad_media.pdf, TracedAs.DOCUMENT),
        (lambda: b"\x00\x00\x00\x18ftypcrx \x00\x00\x00\x01crx isom", TracedAs.CAMERA_RAW),
    ],
)
def test_what_carries_credentials_is_taken_although_no_classifier_is_for_it(
    store: FolderStore, make: Callable[[], bytes], traced_as: TracedAs
) -> None:
    received = receive_all(io.BytesIO(make()), receiver(store))
    assert (received.type.kind, received.type.traced_as) == (None, traced_as)


def test_what_the_first_bytes_leave_open_is_settled_by_the_rest(store: FolderStore) -> None:
    tag = b"ID3\x04\x00\x00" + bytes([0, 0, 2 * HEAD_BYTES >> 7, 0]) + bytes(2 * HEAD_BYTES)
    received = receive_all(io.BytesIO(tag + audio_bytes(speech_like(0.2), "flac")), receiver(store))
    assert received.type.container == "flac"


def test_an_archive_without_credentials_is_refused_once_it_is_there(
    store: FolderStore, tmp_path: Path
) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writing:
        writing.writestr("photo.jpg", bytes(2 * HEAD_BYTES))
    archive.seek(0)
    with pytest.raises(UnsupportedKind):
        receive_all(archive, receiver(store))
    assert stored(tmp_path) == []


def test_a_document_is_held_to_the_largest_of_the_limits(store: FolderStore) -> None:
    tiny = Receiver(lambda: store.writer("default"), dict.fromkeys(Kind, 10), "a.pdf")
    with pytest.raises(FileTooLarge):
        receive_all(io.BytesIO(bad_media.pdf()), tiny)


def test_an_empty_file_is_refused_and_leaves_nothing(store: FolderStore, tmp_path: Path) -> None:
    with pytest.raises(EmptyFile):
        receive_all(io.BytesIO(b""), receiver(store))
    assert stored(tmp_path) == []


class Endless(io.RawIOBase):
    """A picture that never stops; remembers how much of it was read."""

    def __init__(self) -> None:
        self.sent = 0

    def read(self, size: int = -1) -> bytes:
        chunk = bytes(1000) if self.sent else jpeg(photo_like(64, 64))[:600] + bytes(HEAD_BYTES)
        self.sent += len(chunk)
        return chunk


def test_too_large_a_file_is_refused_at_the_limit_of_its_kind(
    store: FolderStore, tmp_path: Path
) -> None:
    endless = Endless()
    with pytest.raises(FileTooLarge):
        receive_all(cast(BinaryIO, endless), receiver(store))
    assert LIMITS[Kind.IMAGE] < endless.sent <= LIMITS[Kind.IMAGE] + 1000
    assert stored(tmp_path) == []


def test_a_limit_smaller_than_the_first_bytes_holds_as_well(store: FolderStore) -> None:
    tiny = Receiver(lambda: store.writer("default"), dict.fromkeys(Kind, 10), "a.jpg")
    with pytest.raises(FileTooLarge):
        receive_all(io.BytesIO(jpeg(photo_like(64, 64))[:500]), tiny)


def test_a_sender_who_goes_away_leaves_nothing(store: FolderStore, tmp_path: Path) -> None:
    with suppress(ConnectionResetError), receiver(store) as receiving:
        receiving.write(jpeg(photo_like(64, 64)))
        assert len(stored(tmp_path)) == 1
        raise ConnectionResetError
    assert stored(tmp_path) == []


@pytest.mark.parametrize(
    ("untrusted", "shown"),
    [
        ("photo.jpg", "photo.jpg"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\win.ini", "win.ini"),
        ("/", "unnamed"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("a\x00b\x1b[31m.jpg", "ab[31m.jpg"),
        ("two\nlines\u2028three.png", "twolinesthree.png"),
        ("invoice\u202egpj.exe", "invoicegpj.exe"),
        ("\u2066hidden\u2069\u200b.png", "hidden.png"),
        ("  spaced \t out .wav ", "spaced out .wav"),
        ("e\u0301te\u0301.jpg", "\u00e9t\u00e9.jpg"),
        ("\udcff\udcfe.jpg", ".jpg"),
        ("写真.jpg", "写真.jpg"),
    ],
)
def test_a_name_is_made_fit_to_show(untrusted: str, shown: str) -> None:
    assert display_name(untrusted) == shown


def test_a_name_of_4_kb_is_cut_and_keeps_its_extension() -> None:
    name = display_name("n" * 4096 + ".jpeg")
    assert len(name) == NAME_LENGTH
    assert name.endswith("….jpeg")


def test_a_name_that_is_one_long_extension_is_cut_too() -> None:
    assert len(display_name("a." + "b" * 4096)) == NAME_LENGTH


def test_a_local_file_is_inspected_where_it_lies(tmp_path: Path) -> None:
    data = jpeg(photo_like(64, 64))
    path = tmp_path / "local.jpg"
    path.write_bytes(data)
    source = source_from_path(path)
    with source.file:
        assert source.file.read() == data
    assert (source.name, source.size) == ("local.jpg", len(data))
    assert source.sha256 == hashlib.sha256(data).hexdigest()


def test_a_stream_is_kept_for_reading_again() -> None:
    data = jpeg(photo_like(64, 64))
    source = source_from_stream(io.BytesIO(data), "standard input")
    with source.file:
        assert source.file.read() == data


def test_a_stream_over_the_limit_is_not_read_to_its_end() -> None:
    stream = io.BytesIO(jpeg(photo_like(64, 64)) + bytes(5_000_000))
    with pytest.raises(FileTooLarge):
        source_from_stream(stream, "-", LIMITS)
    assert stream.tell() < 5_000_000
