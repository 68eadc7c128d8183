#!/usr/bin/env bash
# S3 lets any name be a key, so "scans//page.jpg" and "./page.jpg" are ordinary objects, as uploads by
# scripts that join paths carelessly leave them. obstore 0.12.1 refuses such a name where it only had to
# hand it on: the listing of the whole bucket ends with an error, whatever else is in it, and the keys of
# that page that came before are not given either.
#
# Seen: plain keys list 3; with one of the two names among them "InvalidPathError" and 0 keys.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --quiet --target "$work" obstore==0.12.1 typing_extensions==4.16.0
cd "$work"
PYTHONPATH="$work" python3 - <<'PYTHON'
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import obstore
from obstore.exceptions import InvalidPathError
from obstore.store import S3Store

OBJECT = (
    "<Contents><Key>{}</Key><LastModified>2026-11-01T00:00:00.000Z</LastModified>"
    '<ETag>"0"</ETag><Size>1</Size><StorageClass>STANDARD</StorageClass></Contents>'
)
LIST = (
    '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    "<Name>archive</Name><KeyCount>{}</KeyCount><MaxKeys>1000</MaxKeys>"
    "<IsTruncated>false</IsTruncated>{}</ListBucketResult>"
)


class Bucket(BaseHTTPRequestHandler):
    keys: list[str] = []

    def do_GET(self) -> None:
        body = LIST.format(len(self.keys), "".join(map(OBJECT.format, self.keys))).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
threading.Thread(target=server.serve_forever, daemon=True).start()
store = S3Store(
    "archive",
    endpoint=f"http://127.0.0.1:{server.server_port}",
    access_key_id="a",
    secret_access_key="b",
    region="us-east-1",
    client_options={"allow_http": True},
)
seen = {}
for name, odd in (("plain", "c.jpg"), ("two slashes", "scans//page.jpg"), ("dot", "./page.jpg")):
    Bucket.keys = ["a.jpg", "b.jpg", odd]
    found: list[str] = []
    try:
        for chunk in obstore.list(store):
            found += [item["path"] for item in chunk]
        seen[name] = (len(found), "no error")
    except InvalidPathError as error:
        seen[name] = (len(found), type(error).__name__)
for name, (count, error) in seen.items():
    print(f"{name}: {count} keys, {error}")
expected = {
    "plain": (3, "no error"),
    "two slashes": (0, "InvalidPathError"),
    "dot": (0, "InvalidPathError"),
}
sys.exit(seen != expected)
PYTHON
