"""Signatures of files that are known by name alone: nobody here reads what is in them."""

from typing import Final, NamedTuple


class Named(NamedTuple):
    """What a file is called whose content is not read here."""

    mark: bytes
    media_type: str
    container: str
    at: int = 0  # where the mark stands


NAMED: Final = (
    # pictures
    Named(b"8BPS\x00", "image/vnd.adobe.photoshop", "psd"),
    Named(b"\x00\x00\x01\x00", "image/vnd.microsoft.icon", "ico"),
    Named(b"\x00\x00\x02\x00\x00\x00\x00\x00", "image/x-tga", "tga"),  # a cursor has pictures
    Named(b"\x00\x00\x0a\x00\x00\x00\x00\x00", "image/x-tga", "tga"),
    Named(b"\x00\x00\x02\x00", "image/x-win-cursor", "cur"),
    Named(b"v/1\x01", "image/x-exr", "exr"),
    Named(b"#?RADIANCE\n", "image/vnd.radiance", "hdr"),
    Named(b"#?RGBE\n", "image/vnd.radiance", "hdr"),
    Named(b"DDS \x7c\x00\x00\x00", "image/vnd-ms.dds", "dds"),
    Named(b"qoif", "image/qoi", "qoi"),
    Named(b"icns\x00", "image/icns", "icns"),
    Named(b"II\xbc\x01", "image/jxr", "jxr"),
    Named(b"BPG\xfb", "image/bpg", "bpg"),
    Named(b"FLIF", "image/flif", "flif"),
    Named(b"\x8aMNG\r\n\x1a\n", "video/x-mng", "mng"),
    Named(b"\x8bJNG\r\n\x1a\n", "image/x-jng", "jng"),
    Named(b"AT&TFORM", "image/vnd.djvu", "djvu"),
    Named(b"gimp xcf ", "image/x-xcf", "xcf"),
    Named(b"SIMPLE  =", "image/fits", "fits"),
    Named(b"DICM", "application/dicom", "dicom", 128),
    Named(b"\xd7\xcd\xc6\x9a", "image/wmf", "wmf"),
    Named(b" EMF", "image/emf", "emf", 40),
    *(Named(b"P%d\n" % kind, "image/x-portable-anymap", "pnm") for kind in (4, 5, 6, 7)),
    # sound
    Named(b"MThd", "audio/midi", "midi"),
    Named(b"#!SILK", "audio/silk", "silk"),
    Named(b"\x02#!SILK", "audio/silk", "silk"),
    Named(b"#!iLBC", "audio/ilbc", "ilbc"),
    Named(b"#!EVRC", "audio/evrc", "evrc"),
    Named(b"FRM8", "audio/x-dff", "dff"),
    Named(b"OFR ", "audio/x-optimfrog", "ofr"),
    Named(b"dns.", "audio/basic", "au-little-endian"),
    Named(b"NIST_1A\n", "audio/x-nist", "nist"),
    Named(b".ra\xfd", "audio/vnd.rn-realaudio", "ra"),
    Named(b"Extended Module: ", "audio/xm", "xm"),
    # films
    Named(b"YUV4MPEG2 ", "video/x-yuv4mpeg", "y4m"),
    Named(b"nut/multimedia container\x00", "video/x-nut", "nut"),
    Named(b"\x00\x00\x00\x01\x67", "video/h264", "h264"),
    Named(b"\x00\x00\x00\x01\x27", "video/h264", "h264"),
    Named(b"\x00\x00\x00\x01\x40\x01", "video/h265", "hevc"),
    Named(b"\x00\x00\x01\xb0", "video/mp4v-es", "m4v"),
    Named(b"FWS", "application/vnd.adobe.flash.movie", "swf"),
    Named(b"CWS", "application/vnd.adobe.flash.movie", "swf"),
    Named(b"ZWS", "application/vnd.adobe.flash.movie", "swf"),
    # all others
    Named(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage", "ole"),
    Named(b"\x1f\x8b", "application/gzip", "gzip"),
    Named(b"Rar!\x1a\x07", "application/vnd.rar", "rar"),
    Named(b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed", "7z"),
    Named(b"\x00\x05\x16\x07", "application/applefile", "appledouble"),
    Named(bytes.fromhex("0606EDF5D81D46E5BD31EFE7FE74B71D"), "application/x-indesign", "indd"),
)  # fmt: skip
