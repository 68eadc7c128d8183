#!/usr/bin/env bash
# The Google client of obstore 0.12.1 (the Rust crate object_store) speaks Google's XML API alone. The
# emulator gcp-storage-emulator 2026.7.19 speaks the JSON API, and of the XML one only plain GET and PUT,
# whose answers lack the headers ETag and Last-Modified. So a put reaches it and the object is stored, and
# yet the client raises GenericError; the object is there when the JSON API is asked. With mode="create",
# by which the first of two writers should win, it is overwritten, since the emulator does not know the
# precondition, and the client raises the same.
#
# Seen: put raises "ETag Header missing", then the JSON API has b"first"; put with mode="create" raises the
# same, then it has b"second"; get raises "Last-Modified Header missing".
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${emulator:-}" 2>/dev/null || true; rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --quiet obstore==0.12.1 gcp-storage-emulator==2026.7.19
cd "$work"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$work/venv/bin/gcp-storage-emulator" start --host=127.0.0.1 --port="$port" --in-memory \
    --default-bucket=bucket >log 2>&1 &
emulator=$!
for _ in $(seq 100); do
    if python3 -c "import socket; socket.create_connection(('127.0.0.1', $port)).close()" 2>/dev/null; then break; fi
    sleep 0.1
done
"$work/venv/bin/python" - "$port" <<'PYTHON'
import json
import sys
import urllib.request

import obstore
from obstore.exceptions import GenericError
from obstore.store import GCSStore

address = f"http://127.0.0.1:{sys.argv[1]}"
account = {
    "gcs_base_url": address,
    "disable_oauth": True,
    "client_email": "",
    "private_key": "",
    "private_key_id": "",
}
store = GCSStore(
    "bucket", service_account_key=json.dumps(account), client_options={"allow_http": True}
)


def refusal(action) -> str:
    try:
        action()
    except GenericError as error:
        return str(error).splitlines()[0]
    return "none"


def stored() -> bytes:
    with urllib.request.urlopen(f"{address}/download/storage/v1/b/bucket/o/key?alt=media") as answer:
        return answer.read()


seen = [
    ("ETag Header missing", refusal(lambda: obstore.put(store, "key", b"first"))),
    (b"first", stored()),
    ("ETag Header missing", refusal(lambda: obstore.put(store, "key", b"second", mode="create"))),
    (b"second", stored()),
    ("Last-Modified Header missing", refusal(lambda: obstore.get(store, "key"))),
]
for expected, found in seen:
    print(found)
sys.exit(not all(expected in found for expected, found in seen))
PYTHON
