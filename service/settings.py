"""Every knob, typed and in one place. Only app, command line and worker container read it."""

from pathlib import Path

from pydantic import BaseModel, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

MIB = 1024**2


class Uploads(BaseModel, frozen=True):
    """How much of each kind is accepted, in bytes; enforced while the bytes arrive."""

    image_bytes: int = Field(default=64 * MIB, gt=0)
    audio_bytes: int = Field(default=512 * MIB, gt=0)
    video_bytes: int = Field(default=2048 * MIB, gt=0)


class Decoding(BaseModel, frozen=True):
    """What the sandboxed decoder may use for one file."""

    pixels: int = Field(default=120_000_000, gt=0)
    audio_seconds: int = Field(default=3600, gt=0)
    video_frames: int = Field(default=32, gt=0, le=512)
    memory_bytes: int = Field(default=3072 * MIB, gt=0)
    wall_seconds: int = Field(default=120, gt=0, le=3600)


class Leases(BaseModel, frozen=True):
    """How a scan whose worker or message was lost is noticed and tried again."""

    seconds: float = Field(default=60.0, gt=0)  # a worker that is silent for this long is dead
    attempts: int = Field(default=3, gt=0)
    run_seconds: int = Field(default=900, gt=0)  # one scan may take this long; then it fails
    reconcile_seconds: float = Field(default=5.0, gt=0)
    resend_seconds: float = Field(default=10.0, gt=0)  # a message may travel this long
    orphan_seconds: float = Field(default=3600.0, gt=0)  # files without a scan go after this
    sweep_seconds: float = Field(default=600.0, gt=0)  # how often such files are looked for


class Settings(BaseSettings):
    """Read from the environment (ASSAY_...); nested ones with two underscores."""

    model_config = SettingsConfigDict(
        env_prefix="ASSAY_", env_nested_delimiter="__", frozen=True, extra="forbid"
    )

    data_dir: Path = Path("var/assay")
    database_url: SecretStr | None = None  # default: SQLite in data_dir
    broker_url: SecretStr | None = None  # default: a broker in data_dir that needs no server
    trust_dir: Path | None = None  # default: data_dir/trust
    weights_dir: Path | None = None  # default: data_dir/weights, for pulled models
    keep_days: int = Field(default=30, ge=0)  # then file and report are deleted; 0: never
    log_json: bool = False  # one JSON object a line instead of text
    model_threads: int = Field(default=2, gt=0)
    uploads: Uploads = Uploads()
    decoding: Decoding = Decoding()
    leases: Leases = Leases()

    @property
    def trust(self) -> Path:
        return self.trust_dir or self.data_dir / "trust"

    @property
    def weights(self) -> Path:
        return self.weights_dir or self.data_dir / "weights"
