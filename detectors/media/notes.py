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
    FIRST_FRAME_ONLY = "first_frame_only"
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
    Note.FIRST_FRAME_ONLY: "Only the first of several pictures in the file was read.",
    Note.DAMAGED: "Parts of the file are damaged; the rest was read.",
    Note.SHORTER_THAN_DECLARED: "The file ends before its header says; what is there was read.",
    Note.CUT_AT_LIMIT: "Only the beginning was read, up to the limit on length.",
    Note.FEWER_FRAMES: "Fewer frames were sampled than asked for, to stay within the limit on size.",
    Note.SOUND_UNREADABLE: "The sound track could not be read.",
}
