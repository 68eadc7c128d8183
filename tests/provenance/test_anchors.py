"""Listed certificates that a file does not name are left out, and nothing is judged otherwise."""

from pathlib import Path
from typing import Final, Literal

import pytest

from provenance import read as reading
from provenance.anchors import Anchors
from provenance.read import Reader
from provenance.result import Provenance, SignerTrust, TrustKind
from provenance.trust import TrustSnapshot
from tests.media import image_bytes, photo_like
from tests.provenance.conftest import snapshot
from tests.signing import Authority, Credential, sign

STRANGERS: Final = 5
CONTAINERS: Final = (("jpeg", "image/jpeg"), ("png", "image/png"), ("gif", "image/gif"))


@pytest.fixture(scope="module")
def strangers() -> list[tuple[TrustKind, str]]:
    kinds = (TrustKind.MANIFEST, TrustKind.TSA)
    return [
        (kinds[number % 2], Authority.create(f"Stranger {number}").root_pem)
        for number in range(STRANGERS)
    ]


@pytest.mark.parametrize("vouched", [True, False])
@pytest.mark.parametrize(("form", "media_type"), CONTAINERS)
def test_a_file_in_memory_is_judged_as_one_read_piece_by_piece_under_all_lists(
    authority: Authority,
    credential: Credential,
    strangers: list[tuple[TrustKind, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    form: Literal["jpeg", "png", "gif"],
    media_type: str,
    vouched: bool,  # noqa: FBT001 (parametrised)
) -> None:
    own = [(TrustKind.MANIFEST, authority.root_pem)] if vouched else []
    lists = snapshot(*strangers, *own)
    picture = image_bytes(photo_like(64, 48), form)
    path = tmp_path / f"signed.{form}"
    path.write_bytes(sign(picture, credential, media_type=media_type).data)
    near = _read(path, media_type, lists)
    monkeypatch.setattr(reading, "IN_MEMORY", 0)
    far = _read(path, media_type, lists)
    assert near == far.model_copy(update={"validated_at": near.validated_at})
    assert near.signer is not None
    wanted = SignerTrust.TRUSTED if vouched else SignerTrust.UNTRUSTED
    assert near.signer.trust is wanted


def test_a_name_is_found_though_a_jpeg_cuts_its_store_in_the_middle_of_it() -> None:
    authority = Authority.create("Cut In Two")
    lists = snapshot((TrustKind.MANIFEST, authority.root_pem))
    (certificate,) = lists.lists[0].certificates
    name = bytes.fromhex("0603550403") + b"\x0c\x10cut  IN twO rOOt"
    jpeg = (
        b"\xff\xd8" + b"".join(_piece(part) for part in (name[:9], name[9:])) + b"\xff\xda\x00\x02"
    )
    assert Anchors(lists).named_in(jpeg, "image/jpeg") == frozenset({certificate.sha256})
    assert Anchors(lists).named_in(jpeg.replace(b"IN twO", b"IN six"), "image/jpeg") == frozenset()


def test_nothing_is_left_out_where_a_store_may_not_stand_as_it_is() -> None:
    anchors = Anchors(snapshot((TrustKind.MANIFEST, Authority.create().root_pem)))
    late = b"\xff\xd8\xff\xda\x00\x02" + _piece(b"behind the picture's head")
    assert anchors.named_in(late, "image/jpeg") is None
    assert anchors.named_in(b"\xff\xd8 no segment", "image/jpeg") is None
    assert anchors.named_in(b"%PDF", "application/pdf") is None


def _piece(part: bytes) -> bytes:
    body = b"JP\x00\x01" + b"\x00" * 12 + part
    return b"\xff\xeb" + (2 + len(body)).to_bytes(2, "big") + body


def _read(path: Path, media_type: str, lists: TrustSnapshot) -> Provenance:
    with path.open("rb") as file:
        return Reader(lists).read(file, media_type=media_type)
