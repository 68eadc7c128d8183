"""Frozen arguments of the engine, made from settings. Light: the command line starts with it."""

from detectors.base import Kind
from detectors.media.limits import Confinement, Limits
from provenance.published import open_store
from provenance.trust import Fetch, TrustStore
from service.analysis.config import PipelineConfig
from service.analysis.credentials import fetch_store
from service.settings import Settings


def upload_limits(settings: Settings) -> dict[Kind, int]:
    """Bytes accepted of each kind."""
    uploads = settings.uploads
    return {
        Kind.IMAGE: uploads.image_bytes,
        Kind.AUDIO: uploads.audio_bytes,
        Kind.VIDEO: uploads.video_bytes,
    }


def trust_store(settings: Settings, fetch: Fetch | None = None) -> TrustStore:
    """Whom this installation believes; `fetch` is there if lists may be fetched."""
    return open_store(settings.trust, built_in=settings.builtin_trust, fetch=fetch)


def pipeline_config(settings: Settings) -> PipelineConfig:
    """What an analysis depends on, for workers and for the command line."""
    decoding = settings.decoding
    return PipelineConfig(
        trust_dir=settings.trust,
        builtin_trust=settings.builtin_trust,
        fetch_store=fetch_store if settings.fetch_remote_credentials else None,
        second_opinion=settings.second_opinion,
        audio_watermark=settings.audio_watermark,
        limits=Limits(
            pixels=decoding.pixels,
            audio_seconds=decoding.audio_seconds,
            video_wall_seconds=decoding.wall_seconds,
        ),
        confinement=Confinement(memory_bytes=decoding.memory_bytes),
        index_dir=settings.index,
        index_scans=settings.index_scans,
        video_frames=decoding.video_frames,
        threads=settings.model_threads,
        device=settings.device,
        weights_dir=settings.weights,
        cache_dir=settings.cache_dir,
        thresholds=settings.thresholds,
    )
