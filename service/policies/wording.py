"""The words in which decisions say what held."""

from collections.abc import Iterable
from typing import Final

from provenance.result import SignerTrust
from service.language.spoken import Words
from service.policies.document import MediaKind
from service.reporting.report import Signal

KINDS: Final = Words(
    {
        MediaKind.IMAGE: "an image",
        MediaKind.VIDEO: "a video",
        MediaKind.AUDIO: "a recording",
        MediaKind.DOCUMENT: "a document",
        MediaKind.OTHER: "no picture, video, recording or document",
    }
)

TRUSTS: Final = Words(
    {
        SignerTrust.TRUSTED: "a trust list vouches for the signer",
        SignerTrust.UNTRUSTED: "no trust list vouches for the signer",
        SignerTrust.EXPIRED: "the signer's certificate was not valid at the time that could be established",
        SignerTrust.REVOKED: "the signer's certificate was revoked",
        SignerTrust.UNKNOWN: "whether to trust the signer is unknown, since no trust list is configured",
    }
)

SIGNALS: Final = Words(
    {
        Signal.SIGNED_CAPTURE: "a trusted signer says that a device captured it",
        Signal.SIGNED_AI: "a trusted signer says that AI made or edited it",
        Signal.SIGNED_OTHER: "a trusted signer vouches for it and names another origin",
        Signal.BROKEN: "something that was signed has changed",
        Signal.UNRELIABLE: "its credentials cannot be relied on",
        Signal.CLAIMED_AI: "a signer nobody vouches for says that AI made or edited it",
        Signal.CLAIMED_CAPTURE: "a signer nobody vouches for says that a device captured it",
        Signal.CLAIMED_OTHER: "a signer nobody vouches for names another origin",
        Signal.WATERMARKED_AI: "it carries the watermark of an AI generator",
        Signal.MARKED_AI: "unsigned metadata declares AI",
        Signal.MARKED_CAPTURE: "unsigned metadata names a camera",
        Signal.RECOVERED_AI: "it is a copy of an original that a trusted signer says AI made",
        Signal.RECOVERED_CAPTURE: "it is a copy of an original that a trusted signer says was captured",
        Signal.RECOVERED_OTHER: "it is a copy of an original with credentials",
        Signal.ALTERED_COPY: "it is an altered copy of a signed capture",
        Signal.SYNTHETIC: "a classifier that may decide finds it synthetic",
        Signal.MANIPULATED: "a classifier that may decide finds it manipulated",
        Signal.SUSPECT: "something gives rise to suspicion only",
        Signal.UNREMARKABLE: "a classifier that may decide finds nothing",
        Signal.DISPUTED: "two verifiers disagree about its credentials",
        Signal.INCONSISTENT: "its metadata does not fit together",
    }
)


def either(words: Iterable[str]) -> str:
    """ "one, two or three"."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last
