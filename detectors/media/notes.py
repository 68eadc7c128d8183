"""What decoding changed, left out or found amiss: stable codes, each with a sentence for people."""

from enum import StrEnum
from typing import Final


class Note(StrEnum):
    """Something a reader of the report should know about how the file was read."""

    ORIENTATION_APPLIED = "orientation_applied"
    COLOUR_PROFILE_IGNORED = "colour_profile_ignored"
    ALPHA_COMPOSITED = "alpha_composited"
    CONVERTED_FROM_CMYK = "converted_from_cmyk"
    REDUCED_TO_8_BITS = "reduced_to_8_bits"
    GREYSCALE = "greyscale"
    CONVERTED_FROM_LAB = "converted_from_lab"
    CONVERTED_FROM_HDR = "converted_from_hdr"
    GAIN_MAP_IGNORED = "gain_map_ignored"
    FLOATING_POINT = "floating_point"
    FEW_COLOURS = "few_colours"
    FIRST_FRAME_ONLY = "first_frame_only"
    ONE_FRAME_ONLY = "one_frame_only"
    FILM_NOT_READ = "film_not_read"
    NO_END_MARKER = "no_end_marker"
    DAMAGED = "damaged"
    SHORTER_THAN_DECLARED = "shorter_than_declared"
    CUT_AT_LIMIT = "cut_at_limit"
    FEWER_FRAMES = "fewer_frames"
    SOUND_UNREADABLE = "sound_unreadable"


SENTENCES: Final = {
    Note.ORIENTATION_APPLIED: "The picture was turned as its metadata asks.",
    Note.COLOUR_PROFILE_IGNORED: "The embedded colour profile was ignored.",
    Note.ALPHA_COMPOSITED: "Transparent parts were laid over white.",
    Note.CONVERTED_FROM_CMYK: "Printing colours were converted to screen colours without a profile.",
    Note.REDUCED_TO_8_BITS: "Deeper samples were reduced to 8 bits.",
    Note.GREYSCALE: "The picture has no colour.",
    Note.CONVERTED_FROM_LAB: "CIELAB colours were converted to screen colours.",
    Note.CONVERTED_FROM_HDR: "HDR brightness was converted to that of an ordinary screen.",
    Note.GAIN_MAP_IGNORED: "A map that brightens the picture on HDR screens was ignored; it was read "
    "as ordinary screens show it.",
    Note.FLOATING_POINT: "Floating-point samples were read with 0 as black and 1 as white.",
    Note.FEW_COLOURS: "The picture has no more colours than a palette holds, as in GIF.",
    Note.FIRST_FRAME_ONLY: "Only the first of several pictures in the file was read.",
    Note.ONE_FRAME_ONLY: "Only the first frame of an animation was read.",
    Note.FILM_NOT_READ: "The file also holds a film, as phones keep with a photograph; it was not read.",
    Note.NO_END_MARKER: "The file has no end marker; the picture before it is whole.",
    Note.DAMAGED: "Parts of the file are damaged; the rest was read.",
    Note.SHORTER_THAN_DECLARED: "The file ends before its header says; what is there was read.",
    Note.CUT_AT_LIMIT: "Only the beginning was read, up to the limit on length.",
    Note.FEWER_FRAMES: "Fewer frames were sampled than asked for, to stay within the limit on size.",
    Note.SOUND_UNREADABLE: "The sound track could not be read.",
}
