"""The index keeps what was added, forgets what was removed, and never half of either."""

import threading
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from provenance.errors import IndexDamaged
from provenance.similarity.result import Original, Via
from provenance.similarity.search import DESCRIPTOR, Index, Media, Prepared, prepare
from provenance.similarity.store import FILE, IndexStore
from tests.media import RGB, photo_like
from tests.provenance.similarity.copies import compressed

TENANT = "default"
NOBODY = "f" * 64


def pictured(pixels: RGB) -> Prepared:
    return prepare(Media(pictures=pixels[None], width=pixels.shape[1], height=pixels.shape[0]))


def entry(number: int = 1) -> Original:
    return Original(
        sha256=f"{number:064x}",
        name=f"{number}.jpg",
        kind="image",
        media_type="image/jpeg",
        width=640,
        height=480,
        added_at=datetime(2026, 11, 23, tzinfo=UTC),
    )


@pytest.fixture(scope="module")
def photos() -> list[Prepared]:
    return [pictured(photo_like(640, 480, seed=seed)) for seed in range(4)]


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index(tmp_path / "index")


@pytest.fixture
def filled(index: Index, photos: list[Prepared]) -> Index:
    for number, photo in enumerate(photos):
        assert index.add(photo, entry(number), tenant=TENANT)
    return index


def test_a_copy_leads_to_its_original_alone(filled: Index) -> None:
    copy = compressed(photo_like(640, 480, seed=2)[20:-20, 30:-30], 60)
    (match,) = filled.search(pictured(copy), NOBODY, tenant=TENANT)
    assert match.original == entry(2)
    assert match.via is Via.PICTURE
    assert match.visible == pytest.approx(440 * 580 / (480 * 640), abs=0.02)
    assert match.scale == pytest.approx(1.0, abs=0.02)


def test_a_mirrored_copy_is_called_mirrored(filled: Index) -> None:
    flipped = np.ascontiguousarray(photo_like(640, 480, seed=1)[:, ::-1])
    (match,) = filled.search(pictured(flipped), NOBODY, tenant=TENANT)
    assert match.original.name == "1.jpg"
    assert match.mirrored


def test_the_same_bytes_are_called_the_same(filled: Index, photos: list[Prepared]) -> None:
    (match,) = filled.search(photos[3], entry(3).sha256, tenant=TENANT)
    assert match.via is Via.BYTES


def test_what_is_not_there_is_not_found(filled: Index) -> None:
    other = pictured(photo_like(640, 480, seed=50))
    assert filled.search(other, NOBODY, tenant=TENANT) == ()


def test_a_still_of_an_indexed_film_and_a_film_of_an_indexed_picture(index: Index) -> None:
    frames = np.stack([photo_like(320, 240, seed=seed) for seed in range(6)])
    film = prepare(
        Media(
            pictures=frames, times=[float(i) for i in range(6)], seconds=6.0, width=320, height=240
        )
    )
    made = entry().model_copy(update={"kind": "video", "seconds": 6.0})
    index.add(film, made, tenant=TENANT)
    (still,) = index.search(pictured(frames[4]), NOBODY, tenant=TENANT)
    assert (still.via, still.start) == (Via.PICTURE, 4.0)
    part = Media(
        pictures=np.stack([compressed(frame, 60) for frame in frames[2:5]]),
        times=[0.0, 1.0, 2.0],
        seconds=3.0,
        width=320,
        height=240,
    )
    (excerpt,) = index.search(prepare(part), NOBODY, tenant=TENANT)
    assert (excerpt.via, excerpt.agreeing) == (Via.FRAMES, 3)
    assert (excerpt.start, excerpt.end) == (2.0, 5.0)
    single = entry(9)
    index.add(pictured(photo_like(320, 240, seed=60)), single, tenant=TENANT)
    shown = Media(
        pictures=np.stack([photo_like(320, 240, seed=60)] * 3), times=[0.0, 1.0, 2.0], seconds=3.0
    )
    (match,) = index.search(prepare(shown), NOBODY, tenant=TENANT)
    assert (match.via, match.original.name) == (Via.PICTURE, single.name)


def test_one_frame_in_common_makes_no_copy_of_a_film(index: Index) -> None:
    one = np.stack([photo_like(320, 240, seed=seed) for seed in range(6)])
    other = np.stack([photo_like(320, 240, seed=seed) for seed in (20, 21, 3, 22, 23, 24)])
    times = [float(i) for i in range(6)]
    index.add(prepare(Media(pictures=one, times=times, seconds=6.0)), entry(), tenant=TENANT)
    film = prepare(Media(pictures=other, times=times, seconds=6.0))
    assert index.search(film, NOBODY, tenant=TENANT) == ()


def test_adding_twice_changes_nothing(filled: Index, photos: list[Prepared]) -> None:
    before = filled.store.stats(tenant=TENANT)
    assert not filled.add(photos[0], entry(0), tenant=TENANT)
    after = filled.store.stats(tenant=TENANT)
    assert (after.entries, after.views) == (before.entries, before.views) == (4, 4)


def test_one_tenant_never_sees_what_another_added(filled: Index, photos: list[Prepared]) -> None:
    assert filled.search(photos[0], NOBODY, tenant="other") == ()
    assert list(filled.store.entries(tenant="other")) == []
    assert filled.store.remove(entry(0).sha256, tenant="other") == 0


def test_what_was_removed_leaves_no_row(filled: Index, photos: list[Prepared]) -> None:
    for number in range(4):
        assert filled.store.remove(entry(number).sha256, tenant=TENANT) == 1
    assert filled.search(photos[0], NOBODY, tenant=TENANT) == ()
    assert filled.store.stats(tenant=TENANT).entries == 0
    with filled.store.transaction() as db:
        for table in ("entries", "views", "words", "landmarks", "sounds", "holders"):
            assert db.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table


def test_an_entry_stays_until_its_last_holder_lets_go(index: Index, photos: list[Prepared]) -> None:
    index.add(photos[0], entry(0), tenant=TENANT, holder="scan:1")
    index.add(photos[0], entry(0), tenant=TENANT, holder="scan:2")
    assert index.store.release(["scan:1"]) == 0
    assert index.search(photos[0], NOBODY, tenant=TENANT) != ()
    assert index.store.release(["scan:2", "scan:3"]) == 1
    assert index.search(photos[0], NOBODY, tenant=TENANT) == ()


def test_letting_go_where_there_is_no_index_makes_none(index: Index) -> None:
    assert index.store.release(["scan:1"]) == 0
    assert not index.store.exists


def test_entries_of_other_descriptors_are_counted_and_not_compared(
    filled: Index, photos: list[Prepared], tmp_path: Path
) -> None:
    newer = Index(tmp_path / "index")
    newer.store = IndexStore(tmp_path / "index", descriptor="another")
    assert newer.search(photos[0], NOBODY, tenant=TENANT) == ()
    stats = newer.store.stats(tenant=TENANT)
    assert (stats.entries, stats.outdated) == (0, 4)
    assert filled.store.stats(tenant=TENANT).entries == 4
    assert DESCRIPTOR != "another"


@pytest.mark.parametrize("content", [b"not a database at all, but long enough" * 50, b"SQLite"])
def test_a_damaged_file_is_an_error_with_a_code(
    index: Index, photos: list[Prepared], content: bytes
) -> None:
    index.store.path.parent.mkdir()
    index.store.path.write_bytes(content)
    with pytest.raises(IndexDamaged) as caught:
        index.search(photos[0], NOBODY, tenant=TENANT)
    assert caught.value.code == "index_damaged"


def test_rows_that_make_no_sense_are_an_error_too(filled: Index, photos: list[Prepared]) -> None:
    with filled.store.transaction() as db:
        db.execute("UPDATE views SET points = x'00', codes = x'0011', small = x'ff'")
    with pytest.raises(IndexDamaged):
        filled.search(photos[0], NOBODY, tenant=TENANT)


def test_an_index_that_was_replaced_is_opened_anew(
    filled: Index, photos: list[Prepared], tmp_path: Path
) -> None:
    assert filled.search(photos[1], NOBODY, tenant=TENANT) != ()
    fresh = Index(tmp_path / "fresh")
    fresh.add(photos[0], entry(7), tenant=TENANT)
    for path in filled.store.path.parent.iterdir():
        path.unlink()
    (tmp_path / "fresh" / FILE).rename(filled.store.path)
    for suffix in ("-wal", "-shm"):
        beside = tmp_path / "fresh" / f"{FILE}{suffix}"
        if beside.exists():
            beside.rename(filled.store.path.with_name(f"{FILE}{suffix}"))
    assert filled.search(photos[1], NOBODY, tenant=TENANT) == ()
    assert filled.search(photos[0], NOBODY, tenant=TENANT)[0].original == entry(7)


def test_readers_go_on_while_others_write(index: Index, photos: list[Prepared]) -> None:
    index.add(photos[0], entry(0), tenant=TENANT)
    stop, errors, found = threading.Event(), [], []

    def read() -> None:
        try:
            while not stop.is_set():
                found.append(len(index.search(photos[0], NOBODY, tenant=TENANT)))
        except IndexDamaged as error:
            errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for thread in readers:
        thread.start()
    writers = [
        threading.Thread(target=index.add, args=(photos[1], entry(n)), kwargs={"tenant": TENANT})
        for n in range(1, 9)
    ]
    for thread in writers:
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in readers:
        thread.join()
    assert errors == []
    assert set(found) == {1}
    assert index.store.stats(tenant=TENANT).entries == 9
