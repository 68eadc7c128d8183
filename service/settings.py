"""Every knob, typed and in one place. Only app, command line and worker container read it."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

MIB = 1024**2

Networks = Annotated[
    tuple[IPv4Network | IPv6Network, ...],
    NoDecode,
    BeforeValidator(lambda text: text.replace(",", " ").split() if isinstance(text, str) else text),
]
"""Addresses and networks; in the environment separated by commas."""


class Section(BaseModel):
    """Settings that belong together; what stands under one becomes its line of documentation."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Uploads(Section):
    """How much of each kind is accepted, in bytes; enforced while the bytes arrive."""

    image_bytes: int = Field(default=64 * MIB, gt=0)
    audio_bytes: int = Field(default=512 * MIB, gt=0)
    video_bytes: int = Field(default=2048 * MIB, gt=0)


class Decoding(Section):
    """What the sandboxed decoder may use for one file."""

    pixels: int = Field(default=120_000_000, gt=0)
    """A picture or frame with more is refused."""
    audio_seconds: int = Field(default=3600, gt=0)
    """A recording is cut after this, and the report says so."""
    video_frames: int = Field(default=16, gt=0, le=512)
    """Frames of a film that are looked at."""
    memory_bytes: int = Field(default=3072 * MIB, gt=0)
    wall_seconds: int = Field(default=120, gt=0, le=3600)
    """Then the decoder is killed, and the report says so."""


class Leases(Section):
    """How a scan whose worker or message was lost is noticed and tried again."""

    seconds: float = Field(default=60.0, gt=0)
    """A worker that is silent for this long counts as dead."""
    attempts: int = Field(default=3, gt=0)
    """After so many dead workers or crashes a scan fails."""
    run_seconds: int = Field(default=900, gt=0)
    """One scan may take this long; then it fails."""
    reconcile_seconds: float = Field(default=5.0, gt=0)
    """How often lost scans and messages are looked for."""
    resend_seconds: float = Field(default=10.0, gt=0)
    """A message may travel this long before it can count as lost."""
    orphan_seconds: float = Field(default=3600.0, gt=0)
    """Stored files that no scan refers to are deleted after this."""
    sweep_seconds: float = Field(default=600.0, gt=0)
    """How often such files are looked for."""


class Settings(BaseSettings):
    """Read from the environment (ASSAY_...); nested ones with two underscores."""

    model_config = SettingsConfigDict(
        env_prefix="ASSAY_",
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
    )

    data_dir: Path = Path("var/assay")
    """Everything that is kept, unless something below says otherwise."""
    database_url: SecretStr | None = None
    """postgresql://user:password@host/name; unset: SQLite in the data directory."""
    broker_url: SecretStr | None = None
    """redis://host:6379/0; unset: a folder in the data directory, for one machine."""
    trust_dir: Path | None = None
    """Trust lists; unset: `trust` in the data directory."""
    builtin_trust: bool = True
    """Believe the C2PA programme's trust lists that ship with assay, beside the folder's; false:
    the folder's alone."""
    index_dir: Path | None = None
    """Index of known media, in which copies are looked up; unset: `index` in the data directory."""
    index_scans: bool = False
    """Every scan adds its file to that index, until the scan is deleted."""
    weights_dir: Path | None = None
    """Models that were pulled; unset: `weights` in the data directory."""
    report_key_file: Path | None = None
    """Ed25519 key in PEM that signs reports; unset: made once as `keys/report.pem` in the data
    directory. A fleet shares one."""
    keep_days: int = Field(default=30, ge=0)
    """Files and reports are deleted after this; 0: never."""
    fetch_remote_credentials: bool = False
    """Fetch Content Credentials that a file says are kept elsewhere: from public addresses only,
    at most 10 MB in 10 seconds. Its owner then learns that the file was looked at."""
    second_opinion: bool = False
    """Have Content Credentials verified by a second library too, `pip install
    assay[second-opinion]`; a report shows where the two disagree."""
    audio_watermark: bool = False
    """Look for the mark of Resemble's speech generators in sound, `pip install
    assay[audio-watermark]`; takes up to a second a file and is shown, never decides."""
    trusted_proxies: Networks = ()
    """Addresses or networks, separated by commas, of the reverse proxies whose X-Forwarded-For,
    -Proto and -Host are believed; from anybody else these headers are ignored. See docs/proxy.md."""
    root_path: str = Field(default="", pattern=r"^(/[A-Za-z0-9._~-]+)*$")
    """Path under which a proxy shows the service, such as /assay; unset: the top of its host."""
    log_json: bool = False
    """One JSON object a line instead of text."""
    model_threads: int = Field(default=2, gt=0)
    """Threads of each model."""
    uploads: Uploads = Uploads()
    decoding: Decoding = Decoding()
    leases: Leases = Leases()

    @property
    def report_key(self) -> Path:
        return self.report_key_file or self.data_dir / "keys" / "report.pem"

    @property
    def trust(self) -> Path:
        return self.trust_dir or self.data_dir / "trust"

    @property
    def index(self) -> Path:
        return self.index_dir or self.data_dir / "index"

    @property
    def weights(self) -> Path:
        return self.weights_dir or self.data_dir / "weights"
