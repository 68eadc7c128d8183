"""Pulling published weights: from a server on the loopback and from files, held to pins and locks."""

import fcntl
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from detectors.errors import CardInvalid, WeightsMismatch, WeightsUnfit
from detectors.media.sandbox import Sandbox
from detectors.zoo.public.build import built
from detectors.zoo.public.card import PublicCard, Source
from detectors.zoo.pulled import Shelf
from service.analysis.handlers import CHECKPOINTS
from service.analysis.pulled_models import Puller, Step
from service.errors import (
    FetchFailed,
    FileTooLarge,
    PullUnderWay,
    UrlRefused,
)
from service.fetch import Guard
from tests.detectors.zoo.public.checkpoints import publish, random_network

FERRET = PublicCard.read("ferretnet")
NEWEST = "c0ffee" * 6 + "c0de"


class Handler(BaseHTTPRequestHandler):
    """One file with ranges, cut short as often as the test says; the newest commit; a redirect."""

    server: "Host"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Range", "")))
        if self.path == "/newest":
            return self._send(200, json.dumps({"sha": NEWEST}).encode())
        if self.path.startswith("/moved"):
            return self._send(302, b"", Location=self.server.url("/file"))
        body, start = self.server.body, 0
        etag = f'"{hashlib.sha256(body).hexdigest()}"'
        if self.headers.get("If-Range") == etag:
            start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
        if start:
            place = f"bytes {start}-{len(body) - 1}/{len(body)}"
            return self._send(206, body[start:], ETag=etag, Content_Range=place)
        return self._send(200, body, ETag=etag)

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.server.cuts and self.path.startswith("/file"):
            self.server.cuts -= 1
            body = body[: len(body) // 2]
            self.close_connection = True
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


class Host(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, body: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.body = body
        self.cuts = 0
        self.asked: list[tuple[str, str]] = []

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"

    def guard(self) -> Guard:
        """Lets this one port through, nothing else."""
        exempt = frozenset({("127.0.0.1", int(self.server_address[1]))})
        return Guard(max_bytes=0, exempt=exempt)


@pytest.fixture(scope="module")
def reader() -> Iterator[Sandbox]:
    with Sandbox(handler=CHECKPOINTS) as sandbox:
        yield sandbox


@pytest.fixture
def puller(reader: Sandbox, tmp_path: Path) -> Puller:
    """Takes files; fetches from nowhere that is not public."""
    return Puller(shelf=Shelf(tmp_path / "shelf"), reader=reader)


@pytest.fixture
def fetcher(puller: Puller, host: "Host") -> Puller:
    """Fetches from the test's host alone."""
    return replace(puller, guard=host.guard())


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(FERRET, random_network(FERRET), tmp_path_factory.mktemp("published"))[0]


@pytest.fixture
def host(published: Path) -> Iterator[Host]:
    server = Host(published.read_bytes())
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def card(**changes: object) -> PublicCard:
    """FerretNet's card, its file elsewhere; a card itself can only name https."""
    source: Source = FERRET.sources[0].model_copy(update={"revision": "", **changes})
    return FERRET.model_copy(update={"sources": (source,)})


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_given_file_is_converted_and_locked(published: Path, puller: Puller) -> None:
    shelf = puller.shelf
    lock = replace(puller, reader=None).pull(FERRET, given=(published,))
    (kept,) = shelf.verified("ferretnet")
    assert shelf.has("ferretnet")
    assert shelf.lock("ferretnet") == lock
    assert lock.files[0].published_sha256 == digest(published.read_bytes())
    assert lock.files[0].sha256 == digest(kept.read_bytes())
    assert not lock.files[0].pinned
    original = torch.load(published, weights_only=True)["model"]
    assert all(torch.equal(value, original[name]) for name, value in load_file(kept).items())
    assert published.is_file()


def test_a_fetch_shows_its_progress_and_follows_checked_redirects(
    host: Host, fetcher: Puller
) -> None:
    steps: list[Step] = []
    replace(fetcher, listen=steps.append).pull(card(url=host.url("/moved")))
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert (steps[-1].done, steps[-1].total) == (len(host.body), len(host.body))
    assert [p.name for p in (fetcher.shelf.folder / "partial").iterdir()] == ["ferretnet.lock"]


def test_an_interrupted_fetch_goes_on_where_it_stopped(host: Host, fetcher: Puller) -> None:
    host.cuts = 1
    public = card(url=host.url("/file"), sha256=digest(host.body))
    with pytest.raises(FetchFailed):
        fetcher.pull(public)
    assert not fetcher.shelf.has("ferretnet")
    fetcher.pull(public)
    assert host.asked[-1] == ("/file", f"bytes={len(host.body) // 2}-")
    assert fetcher.shelf.verified("ferretnet")


def test_another_version_is_never_appended(host: Host, published: Path, fetcher: Puller) -> None:
    host.cuts = 1
    host.body = bytes(len(host.body))
    with pytest.raises(FetchFailed):
        fetcher.pull(card(url=host.url("/file")))
    host.body = published.read_bytes()
    lock = fetcher.pull(card(url=host.url("/file")))
    assert lock.files[0].published_sha256 == digest(host.body)


def test_the_newest_commit_is_asked_for_once_and_locked(host: Host, fetcher: Puller) -> None:
    public = card(url=host.url("/file/{revision}"), commit_url=host.url("/newest"))
    lock = fetcher.pull(public)
    assert lock.files[0].revision == NEWEST
    assert lock.files[0].url == host.url(f"/file/{NEWEST}")
    fetcher.pull(public)
    assert [path for path, _ in host.asked] == ["/newest", f"/file/{NEWEST}", f"/file/{NEWEST}"]


def test_what_was_fetched_for_another_commit_is_not_used(host: Host, fetcher: Puller) -> None:
    host.cuts = 1
    with pytest.raises(FetchFailed):
        fetcher.pull(card(url=host.url("/file/{revision}"), revision="a" * 40))
    fetcher.pull(card(url=host.url("/file/{revision}"), revision="b" * 40))
    assert host.asked == [(f"/file/{'a' * 40}", ""), (f"/file/{'b' * 40}", "")]


def test_what_the_pin_does_not_name_is_refused_and_deleted(
    host: Host, published: Path, tmp_path: Path, fetcher: Puller
) -> None:
    with pytest.raises(WeightsMismatch):
        fetcher.pull(card(url=host.url("/file"), sha256="0" * 64))
    assert not fetcher.shelf.has("ferretnet")
    assert fetcher.shelf.lock("ferretnet") is None
    assert not list(tmp_path.rglob("*.published"))


def test_the_first_pull_locks_what_later_ones_may_bring(
    published: Path, tmp_path: Path, puller: Puller
) -> None:
    puller.pull(FERRET, given=(published,))
    (tmp_path / "other").mkdir()
    other = publish(FERRET, random_network(FERRET, seed=6), tmp_path / "other")
    puller.shelf.remove("ferretnet", forget=False)
    with pytest.raises(WeightsMismatch):
        puller.pull(FERRET, given=other)
    assert other[0].is_file()
    puller.shelf.remove("ferretnet", forget=True)
    assert puller.pull(FERRET, given=other)


def test_too_much_and_private_addresses_are_refused(
    host: Host, puller: Puller, fetcher: Puller
) -> None:
    with pytest.raises(FileTooLarge):
        fetcher.pull(card(url=host.url("/file"), most_bytes=1000))
    with pytest.raises(UrlRefused):
        puller.pull(card(url=host.url("/file")))


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('it ran')",)


def test_pickles_that_hold_more_than_tensors_are_refused(tmp_path: Path, puller: Puller) -> None:
    for name, content in (("a", Evil()), ("b", {"model": {"x": Evil()}}), ("c", {"model": {}})):
        path = tmp_path / name
        torch.save(content, path)
        with pytest.raises(WeightsUnfit):
            puller.pull(FERRET, given=(path,))
    assert not puller.shelf.has("ferretnet")


def test_a_page_instead_of_weights_is_refused_and_not_kept(
    host: Host, published: Path, tmp_path: Path, fetcher: Puller
) -> None:
    host.body = b"<html>Too many users have downloaded this file</html>"
    with pytest.raises(WeightsUnfit, match="loader refuses"):
        fetcher.pull(card(url=host.url("/file")))
    assert not list(tmp_path.rglob("*.published"))


def test_numbers_that_are_none_are_refused(tmp_path: Path, puller: Puller) -> None:
    network = random_network(FERRET)
    next(network.parameters()).data.fill_(float("nan"))
    with pytest.raises(WeightsUnfit, match="numbers that are none"):
        puller.pull(FERRET, given=publish(FERRET, network, tmp_path))


@pytest.mark.parametrize("damage", ["cut", "longer", "overlap", "header", "text"])
def test_damaged_safetensors_are_refused(tmp_path: Path, puller: Puller, damage: str) -> None:
    public = card(format="safetensors")
    public = public.model_copy(
        update={
            "sources": (
                Source.model_validate({**FERRET.sources[0].model_dump(), "format": "safetensors"}),
            )
        }
    )
    (path,) = publish(public, random_network(FERRET), tmp_path)
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    if damage == "overlap":
        first = min(k for k in header if k != "__metadata__")
        header[first]["data_offsets"] = [0, 4]
        text = json.dumps(header).encode()
        data = len(text).to_bytes(8, "little") + text + data[8 + size :]
    data = {
        "cut": data[:-4],
        "longer": data + b"\0",
        "overlap": data,
        "header": (2**40).to_bytes(8, "little") + data[8:],
        "text": b"not a checkpoint at all",
    }[damage]
    path.write_bytes(data)
    with pytest.raises(WeightsUnfit):
        puller.pull(public, given=(path,))


def test_two_pulls_of_one_name_do_not_meet(published: Path, puller: Puller) -> None:
    held = puller.shelf.folder / "partial"
    held.mkdir(parents=True)
    with (held / "ferretnet.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(PullUnderWay):
            puller.pull(FERRET, given=(published,))
    assert puller.pull(FERRET, given=(published,))


def test_a_given_file_is_never_deleted(published: Path, puller: Puller) -> None:
    inside = puller.shelf.folder / "given.pth"
    inside.parent.mkdir(parents=True)
    inside.write_bytes(published.read_bytes())
    with pytest.raises(WeightsMismatch):
        puller.pull(card(sha256="0" * 64), given=(inside,))
    inside.write_bytes(b"no checkpoint")
    with pytest.raises(WeightsUnfit):
        puller.pull(FERRET, given=(inside,))
    assert inside.is_file()


def test_two_files_of_two_formats_make_one_network_without_what_it_does_not_need(
    puller: Puller, tmp_path: Path
) -> None:
    public = PublicCard.read("universal-fake-detect")
    small = {"width": 64, "depth": 2, "heads": 4, "projection": 16}
    clip, classifier = public.sources
    public = public.model_copy(
        update={
            "settings": {**public.settings, **small},
            "sources": (clip.model_copy(update={"sha256": None}), classifier),
        }
    )
    network = random_network(public)
    given = publish(public, network, tmp_path)
    whole = {**load_file(given[0]), "text_model.x": torch.zeros(9), "logit_scale": torch.zeros(1)}
    save_file({**whole, "vision_model.embeddings.position_ids": torch.zeros(1, 257)}, given[0])
    lock = puller.pull(public, given=given)
    assert [item.file for item in lock.files] == ["clip.safetensors", "classifier.safetensors"]
    pictures = torch.rand(1, 3, 224, 224)
    with torch.inference_mode():
        pulled = built(public, puller.shelf.verified(public.name))(pictures)
        assert torch.equal(pulled, network(pictures))


def test_a_lock_of_another_name_is_not_believed(published: Path, puller: Puller) -> None:
    puller.pull(FERRET, given=(published,))
    locks = puller.shelf.folder / "locks"
    (locks / "aasist.json").write_bytes((locks / "ferretnet.json").read_bytes())
    with pytest.raises(CardInvalid):
        puller.shelf.lock("aasist")
