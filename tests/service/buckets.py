"""An S3 server for tests, and buckets on it."""

import itertools
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import boto3
from moto.server import ThreadedMotoServer

_NUMBERS: Final = itertools.count()
CREDENTIALS: Final = {
    "AWS_ACCESS_KEY_ID": "somebody",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_REGION": "eu-central-1",
    "AWS_ALLOW_HTTP": "true",
}


@dataclass(slots=True)
class S3Server:
    """A server that can be stopped and started again with what it holds, on the same port."""

    port: int = 0
    _server: ThreadedMotoServer | None = field(default=None)

    def start(self) -> None:
        self._server = ThreadedMotoServer("127.0.0.1", self.port, verbose=False)
        self._server.start()
        self.port = self._server.get_host_and_port()[1]

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to get at it."""
        return CREDENTIALS | {"AWS_ENDPOINT_URL": self.address}

    def new_bucket(self) -> "S3Bucket":
        name = f"bucket-{next(_NUMBERS)}"
        urllib.request.urlopen(
            urllib.request.Request(f"{self.address}/{name}", method="PUT")
        ).close()
        return S3Bucket(self, name)


@dataclass(frozen=True, slots=True)
class S3Bucket:
    """A bucket as its owner sees it, not by way of the code under test."""

    server: S3Server
    name: str

    @property
    def url(self) -> str:
        return f"s3://{self.name}/assay"

    @property
    def client(self) -> Any:  # boto3 makes its methods at run time
        return boto3.client(
            "s3",
            endpoint_url=self.server.address,
            region_name=CREDENTIALS["AWS_REGION"],
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )

    def names(self) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return [item["Key"] for page in pages for item in page.get("Contents", ())]

    def unfinished(self) -> list[str]:
        """Objects of which parts were uploaded and no more."""
        found = self.client.list_multipart_uploads(Bucket=self.name)
        return [item["Key"] for item in found.get("Uploads", ())]


@contextmanager
def s3_server() -> Iterator[S3Server]:
    server = S3Server()
    server.start()
    try:
        yield server
    finally:
        server.stop()
