"""The views, drawn by the real painter of media made here."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from detectors.errors import MediaTooLarge, MediaUndecodable
from detectors.media.limits import Confinement, Limits
from provenance.thumbnails import LARGEST, address_in
from service.analysis.looking.catalogue import ABOUT, AIDS, Asked, Drawn, View, asked
from service.analysis.looking.difference import differences
from service.analysis.looking.painter import Painter
from service.errors import NothingToShow
from tests import media
from tests.signing import Authority, Parent, sign

Pixels = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def painter() -> Iterator[Painter]:
    made = Painter(Confinement(), Limits())
    yield made
    made.close()


def seen(drawn: Drawn) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(drawn.picture)).convert("RGB"))


def textured(width: int = 480, height: int = 360) -> Pixels:
    """Blobs of random places and shades: detail that repeats nowhere."""
    chance = np.random.default_rng(5)
    picture = np.full((height, width, 3), 120, np.uint8)
    for _ in range(260):
        centre = (int(chance.integers(width)), int(chance.integers(height)))
        shade = tuple(int(value) for value in chance.integers(0, 255, 3))
        cv2.circle(picture, centre, int(chance.integers(3, 14)), shade, -1)
    return picture


def test_every_view_has_words_and_every_aid_of_a_picture_is_drawn(painter: Painter) -> None:
    assert set(ABOUT) == set(View)
    file = io.BytesIO(media.jpeg(textured()))
    for view in AIDS:
        drawn = painter.draw(Asked(view), file)
        assert seen(drawn).shape[:2] == (360, 480)
        assert all(drawn.sentences), view


def test_the_native_view_has_the_pixels_of_the_file(painter: Painter) -> None:
    pixels = textured(64, 48)
    drawn = painter.draw(Asked(View.NATIVE), io.BytesIO(media.png(pixels)))
    assert np.array_equal(seen(drawn), pixels)


def test_error_level_and_noise_stand_out_where_another_picture_was_pasted(
    painter: Painter,
) -> None:
    rough = np.random.default_rng(3).integers(0, 255, (96, 96, 3), np.uint8)
    saved = np.asarray(Image.open(io.BytesIO(media.jpeg(media.photo_like(480, 360)))))
    pasted = saved.copy()
    pasted[240:336, 340:436] = rough
    for view in (View.ERROR_LEVEL, View.NOISE):
        drawn = painter.draw(Asked(view), io.BytesIO(media.png(pasted)))
        heat = seen(drawn).astype(int).sum(axis=2)
        assert heat[250:326, 350:426].mean() > 3 * heat[40:200, 40:300].mean(), view
        assert "brightest in the lower right" in " ".join(drawn.sentences)


def test_a_part_that_was_copied_within_the_picture_is_found_and_an_honest_one_says_none(
    painter: Painter,
) -> None:
    honest = textured()
    cloned = honest.copy()
    cloned[220:340, 320:460] = honest[20:140, 30:170]
    found = painter.draw(Asked(View.CLONES), io.BytesIO(media.png(cloned)))
    assert "upper left look like points in the lower right" in " ".join(found.sentences)
    clean = painter.draw(Asked(View.CLONES), io.BytesIO(media.png(honest)))
    assert clean.sentences == ("No part was found that repeats another one.",)


def test_a_ghost_appears_where_a_part_was_saved_at_a_lower_quality_before(painter: Painter) -> None:
    base = textured(640, 480)
    low = np.asarray(Image.open(io.BytesIO(media.jpeg(base, quality=55))))
    mixed = base.copy()
    mixed[160:320, 240:400] = low[160:320, 240:400]
    drawn = painter.draw(Asked(View.GHOSTS), io.BytesIO(media.png(mixed)))
    heat = seen(drawn).astype(int).sum(axis=2)
    assert heat[180:300, 260:380].mean() < 0.5 * heat[:140].mean()


def test_differences_are_shown_once_the_second_picture_is_laid_over_the_first() -> None:
    first = textured()
    changed = first.copy()
    changed[240:330, 330:450] = 20
    turned = cv2.warpAffine(
        changed, cv2.getRotationMatrix2D((240, 180), 4, 1.1), (480, 360), flags=cv2.INTER_CUBIC
    )
    drawn = differences(first, np.asarray(turned, np.uint8))
    heat = seen(drawn).astype(int).sum(axis=2)
    assert heat[260:310, 350:430].mean() > 4 * heat[100:180, 100:300].mean()
    assert "most in the lower right" in " ".join(drawn.sentences)


def test_pictures_with_nothing_in_common_are_not_laid_over_one_another() -> None:
    other = np.random.default_rng(9).integers(0, 255, (360, 480, 3), np.uint8)
    with pytest.raises(NothingToShow):
        differences(textured(), other)


def test_a_film_has_a_contact_sheet_and_every_frame_by_its_number(painter: Painter) -> None:
    film = io.BytesIO(media.video_bytes())
    sheet = painter.draw(Asked(View.CONTACT_SHEET), film)
    assert "frames of the film, at 0:0" in sheet.sentences[0]
    first = painter.draw(Asked(View.FRAME, 0), film)
    later = painter.draw(Asked(View.FRAME, 9), film)
    assert first.sentences[0].startswith("Frame 0 of ")
    assert not np.array_equal(seen(first), seen(later))


def test_the_spectrogram_tells_pitch_silence_and_a_sudden_change(painter: Painter) -> None:
    rate, chance = 16_000, np.random.default_rng(2)
    time = np.arange(6 * rate) / rate
    voice = sum(np.sin(2 * np.pi * 140 * part * time) / part for part in range(1, 9))
    sound = 0.15 * voice + chance.normal(0, 0.001, len(time))
    sound[2 * rate : int(2.5 * rate)] = 0
    sound[4 * rate :] = chance.normal(0, 0.2, 2 * rate)
    drawn = painter.draw(
        Asked(View.SPECTROGRAM),
        io.BytesIO(media.audio_bytes(np.clip(sound, -1, 1).astype(np.float32))),
    )
    reach, pitch, silence, change = drawn.sentences
    assert reach.startswith("There is sound")
    assert "between 139 and 141 Hz" in pitch
    assert "0:02 to 0:02.5" in silence
    assert "0:04" in change
    assert seen(drawn).shape == (448, 1280, 3)


def test_a_thumbnail_is_that_of_the_manifest_or_ingredient_asked_for(painter: Painter) -> None:
    credential = Authority.create().issue()
    dark, light = (media.jpeg(np.full((240, 320, 3), grey, np.uint8)) for grey in (40, 210))
    earlier = sign(dark, credential, thumbnails=True).data
    parts = [Parent(data=earlier), Parent(data=light, relationship="componentOf")]
    signed = sign(media.jpeg(textured()), credential, ingredients=parts, thumbnails=True)

    def shown(name: str) -> float:
        wanted = asked(name)
        assert wanted is not None
        return float(seen(painter.draw(wanted, io.BytesIO(signed.data))).mean())

    assert shown("thumbnail-0-1") == pytest.approx(210, abs=4)
    assert shown("thumbnail-1") == pytest.approx(40, abs=4)
    assert 60 < shown("thumbnail-0") < 190
    for missing in ("thumbnail-0-2", "thumbnail-2", "thumbnail-99-999"):
        with pytest.raises(NothingToShow):
            shown(missing)
    for bare in (sign(dark, credential).data, dark):
        with pytest.raises(NothingToShow):
            painter.draw(Asked(View.THUMBNAIL), io.BytesIO(bare))


def test_a_thumbnail_in_a_store_beside_the_file_is_drawn_with_that_store(painter: Painter) -> None:
    credential = Authority.create().issue()
    photo, light = media.jpeg(textured()), media.jpeg(np.full((240, 320, 3), 210, np.uint8))
    parts = [Parent(data=light, relationship="componentOf")]
    store = sign(photo, credential, ingredients=parts, thumbnails=True, embed=False).manifest
    names, file = ("thumbnail-0", "thumbnail-0-0", "thumbnail-0-1"), io.BytesIO(photo)
    drawn = painter.thumbnails(names, file, store)
    assert list(drawn) == ["thumbnail-0", "thumbnail-0-0"]
    assert float(seen(drawn["thumbnail-0-0"]).mean()) == pytest.approx(210, abs=4)
    assert painter.thumbnails(names, file) == {}
    assert painter.thumbnails(names, file, b"no store") == {}


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"\xff\xd8\xff" + b"no picture" * 20, MediaUndecodable),
        (media.png(np.zeros((4200, 4000, 3), np.uint8)), MediaTooLarge),
        (b"\xff\xd8\xff" + bytes(LARGEST), NothingToShow),
    ],
    ids=["damaged", "of many pixels", "of many bytes"],
)
def test_a_thumbnail_that_is_no_small_picture_is_refused(
    painter: Painter, data: bytes, error: type[Exception]
) -> None:
    signed = sign(
        media.jpeg(textured(64, 48)), Authority.create().issue(), thumbnail=("image/jpeg", data)
    )
    with pytest.raises(error):
        painter.draw(Asked(View.THUMBNAIL), io.BytesIO(signed.data))


def test_pictures_are_found_where_manifests_of_either_kind_say_and_nowhere_else() -> None:
    part = {"thumbnail": {"url": "self#jumbf=c2pa.assertions/c2pa.thumbnail.ingredient__1.png"}}
    whole = {"thumbnail": {"identifier": "self#jumbf=/c2pa/b/c2pa.assertions/c2pa.thumbnail.claim"}}
    odd = {"thumbnail": {"url": ["self#jumbf=/c2pa/b"]}}
    named = {"c2pa.ingredient": part, "c2pa.ingredient__1": whole, "c2pa.ingredient__2": odd}
    document = {"manifests": [{"label": "a", "assertions": named}, "nothing", {"label": 7}]}
    found = [address_in(document, manifest, part) for manifest in range(4) for part in range(4)]
    assert found[:2] == [
        "self#jumbf=/c2pa/a/c2pa.assertions/c2pa.thumbnail.ingredient__1.png",
        "self#jumbf=/c2pa/b/c2pa.assertions/c2pa.thumbnail.claim",
    ]
    assert found[2:] == [""] * 14


def test_nothing_of_librosa_is_compiled_but_under_the_lock(tmp_path: Path) -> None:
    compiled = tmp_path / "compiled"
    drawing = (
        "import sys; from pathlib import Path; import numpy as np;"
        "from service.analysis.looking.sound import spectrogram;"
        "found = lambda: sorted(Path(sys.argv[1]).rglob('*.nbc')); before = found();"
        "spectrogram(np.sin(np.arange(32000) / 12).astype(np.float32));"
        "sys.exit(not before or found() != before)"
    )
    command = [sys.executable, "-c", drawing, str(compiled)]
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(compiled)}
    both = [subprocess.Popen(command, env=environment) for _ in range(2)]
    assert [started.wait() for started in both] == [0, 0]
    assert subprocess.run(command, env=environment).returncode == 0
