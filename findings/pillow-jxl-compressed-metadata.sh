#!/usr/bin/env bash
# pillow-jxl-plugin 1.3.8 does not find what it has written: with compress_metadata=True it puts Exif
# and XMP into the "brob" boxes that JPEG XL has for that, and on reading looks at plain boxes alone.
# The picture opens without an error and seems to carry no metadata at all.
#
# Seen: plain boxes Exif, xml: both found; compressed boxes brob:Exif, brob:xml: neither found.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --quiet --target "$work" pillow==13.0.0 pillow-jxl-plugin==1.3.8
cd "$work"
PYTHONPATH="$work" python3 - <<'PYTHON'
import io
import struct
import sys

import pillow_jxl  # registers the format
from PIL import Image


def metadata_boxes(data: bytes) -> list[str]:
    """The boxes with metadata at the top level; a brob box with the type that it wraps."""
    found, at = [], 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"brob":
            found.append("brob:" + data[at + 8 : at + 12].decode().strip())
        elif kind in (b"Exif", b"xml "):
            found.append(kind.decode().strip())
        at += size or len(data)
    return found


exif = Image.Exif()
exif[0x010E] = "harbour"
xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'
seen = {}
for compress in (False, True):
    file = io.BytesIO()
    Image.new("RGB", (64, 32)).save(
        file, "JXL", exif=exif.tobytes(), xmp=xmp, compress_metadata=compress)
    with Image.open(io.BytesIO(file.getvalue())) as picture:
        seen[compress] = (metadata_boxes(file.getvalue()), picture.getexif().get(0x010E))
    print(f"compress_metadata={compress}: boxes {seen[compress][0]}, Exif title {seen[compress][1]}")
sys.exit(seen != {False: (["Exif", "xml"], "harbour"), True: (["brob:Exif", "brob:xml"], None)})
PYTHON
