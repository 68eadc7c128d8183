"""Errors the provenance package raises on purpose; anything else is a bug."""

from typing import ClassVar


class ProvenanceError(Exception):
    """Base class. `code` is public and never changes once released."""

    code: ClassVar[str] = "provenance_error"


class EngineUnsafe(ProvenanceError):
    """The C2PA library ignored a safety setting, so nothing may be read with it."""

    code = "provenance_engine_unsafe"


class TrustListInvalid(ProvenanceError):
    """The bytes offered as a trust list hold no usable certificate, or too many."""

    code = "trust_list_invalid"


class TrustListUnknown(ProvenanceError):
    """No trust list of that name and kind is in the store."""

    code = "trust_list_unknown"


class TrustStoreDamaged(ProvenanceError):
    """A file of the trust store is not what was written there."""

    code = "trust_store_damaged"


class FetchRefused(ProvenanceError):
    """The guard would not fetch an address, or the answer broke a limit."""

    code = "fetch_refused"


class RequestInvalid(ProvenanceError):
    """A request to the child process lacks a field or has one that makes no sense."""

    code = "provenance_request_invalid"


class NoManifestStore(ProvenanceError):
    """A file has no manifest store that can be read, or one that is too large to be handed over."""

    code = "no_manifest_store"


class WeightsUnusable(ProvenanceError):
    """The weights of a watermark reader are missing, or not the ones that were measured."""

    code = "watermark_weights_unusable"


class SigningRefused(ProvenanceError):
    """A key, a certificate or a container does not allow what was asked to be signed."""

    code = "signing_refused"


class IndexDamaged(ProvenanceError):
    """The index of known media cannot be read or written."""

    code = "index_damaged"
