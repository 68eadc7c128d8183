"""What decoding changed, left out or found amiss: stable codes, each with a sentence for people."""

from enum import StrEnum
from typing import Final


class Note(StrEnum):
    """Something a reader of the report should know about how the file was read."""

    ORIENTATION_APPLIED = "orientation_applied"
    CROPPED = "cropped"
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
    PICTURES_UNREADABLE = "pictures_unreadable"
    STILL_PICTURE_LEFT_OUT = "still_picture_left_out"
    MIRRORED_OR_TURNED = "mirrored_or_turned"
    ODD_ANGLE_IGNORED = "odd_angle_ignored"
    PIXELS_NOT_SQUARE = "pixels_not_square"
    ODD_PIXELS_IGNORED = "odd_pixels_ignored"
    HDR_CONVERTED = "hdr_converted"
    HDR_NOT_CONVERTED = "hdr_not_converted"
    INTERLACED = "interlaced"
    TURNED_DOWN = "turned_down"
    CHANNELS_CANCEL = "channels_cancel"
    OTHER_CHANNELS_UNHEARD = "other_channels_unheard"
    REST_OF_CHAIN_UNREAD = "rest_of_chain_unread"


SENTENCES: Final = {
    Note.ORIENTATION_APPLIED: "The picture was turned as its metadata asks.",
    Note.CROPPED: "The file shows a part of a larger picture. What it leaves out was not judged.",
    Note.COLOUR_PROFILE_IGNORED: "The embedded colour profile was ignored.",
    Note.ALPHA_COMPOSITED: "Transparent parts were laid over white.",
    Note.CONVERTED_FROM_CMYK: "Printing colours were converted to screen colours without a profile.",
    Note.REDUCED_TO_8_BITS: "Samples of more than 8 bits were reduced to 8.",
    Note.GREYSCALE: "The picture has no colour.",
    Note.CONVERTED_FROM_LAB: "CIELAB colours were converted to screen colours.",
    Note.CONVERTED_FROM_HDR: "HDR brightness was converted to that of an ordinary screen.",
    Note.GAIN_MAP_IGNORED: "The picture was read as ordinary screens show it. The map that brightens "
    "it on HDR screens was ignored.",
    Note.FLOATING_POINT: "Floating-point samples were read with 0 as black and 1 as white.",
    Note.FEW_COLOURS: "The picture has no more colours than a palette holds, as in a GIF.",
    Note.FIRST_FRAME_ONLY: "The file holds several pictures. Only the first was read.",
    Note.ONE_FRAME_ONLY: "Only the first frame of the animation was read.",
    Note.FILM_NOT_READ: "The file also holds a video, as photographs from phones do. It was not read.",
    Note.NO_END_MARKER: "The file has no end marker. The picture before it is complete.",
    Note.DAMAGED: "Parts of the file are damaged. The rest was read.",
    Note.SHORTER_THAN_DECLARED: "The file is shorter than its header says. What is there was read.",
    Note.CUT_AT_LIMIT: "Only the beginning was read, up to the limit on length.",
    Note.FEWER_FRAMES: "Fewer frames were sampled than usual, to stay within the limit on size.",
    Note.SOUND_UNREADABLE: "The sound track could not be read.",
    Note.PICTURES_UNREADABLE: "The moving pictures could not be read. Only the sound was.",
    Note.STILL_PICTURE_LEFT_OUT: "The still picture that comes with the sound was not judged.",
    Note.MIRRORED_OR_TURNED: "The video was turned or mirrored as its metadata asks.",
    Note.ODD_ANGLE_IGNORED: "The metadata asks for the video to be slanted or turned by an odd angle. "
    "It was read as stored.",
    Note.PIXELS_NOT_SQUARE: "The pixels of the video are not square. Its frames were brought to the "
    "shape that players show.",
    Note.ODD_PIXELS_IGNORED: "The video claims pixels of an absurd shape. They were taken as square.",
    Note.HDR_CONVERTED: "The video is HDR. Its brightness and colours were converted to those of "
    "ordinary screens.",
    Note.HDR_NOT_CONVERTED: "The video is HDR. Its brightness and colours could not be converted to "
    "those of ordinary screens.",
    Note.INTERLACED: "The video is interlaced. The two halves of each frame were not separated.",
    Note.TURNED_DOWN: "The sound is louder than players can play. It was turned down as a whole, and "
    "nothing was cut off.",
    Note.CHANNELS_CANCEL: "The channels of the sound cancel out when mixed. One of them was judged "
    "alone.",
    Note.OTHER_CHANNELS_UNHEARD: "The channels of the sound cancel out in places. What the other "
    "channels hold elsewhere was not heard.",
    Note.REST_OF_CHAIN_UNREAD: "Another recording of a different make is joined to the end. Only the "
    "first was read.",
}
