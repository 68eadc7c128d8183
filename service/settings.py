"""Every knob, typed and in one place. Only app, command line and worker container read it."""

import os
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Self

from platformdirs import user_cache_path, user_data_path
from pydantic import (
    BaseModel,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from detectors.zoo.device import Device
from service.db.retention_lifecycle import Keep, Part, keep_in
from service.errors import SettingsInvalid
from service.language.languages import Language
from service.settings_oidc import Oidc
from service.settings_values import (
    Folder,
    Names,
    Networks,
    Place,
    Seconds,
    Section,
    Shares,
    content,
    scheme,
)

MIB = 1024**2
PREFIX: Final = "ASSAY_"
NESTED: Final = "__"
FORMER_DATA_DIR: Final = Path("var/assay")
"""Where data lay before it had a place of its own: in whatever folder the command was started."""


def user_data_dir() -> Path:
    """The folder of this user's data, whatever folder a command is started in."""
    return user_data_path("assay", appauthor=False)


def user_cache_dir() -> Path:
    """The folder of what this user's programs can make again."""
    return user_cache_path("assay", appauthor=False)


class Uploads(Section):
    """How much of each kind is accepted, in bytes; enforced while the bytes arrive."""

    image_bytes: int = Field(default=64 * MIB, gt=0)
    audio_bytes: int = Field(default=512 * MIB, gt=0)
    video_bytes: int = Field(default=2048 * MIB, gt=0)
    resume_seconds: Seconds = 86_400.0
    """An upload in pieces is deleted after this long without a byte, or without a scan of it."""
    direct_seconds: float = Field(default=0.0, ge=0, le=604_800)
    """So long an address of the S3 bucket itself works that a client asked for; 0: none is given."""


class Decoding(Section):
    """What the sandboxed decoder may use for one file."""

    pixels: int = Field(default=120_000_000, gt=0)
    """A picture or frame with more is refused."""
    audio_seconds: int = Field(default=3600, gt=0)
    """A recording is cut after this, and the report says so."""
    video_frames: int = Field(default=64, gt=0, le=512)
    """Most frames of a film that are looked at: one a second, spread wider over longer films."""
    memory_bytes: int = Field(default=3072 * MIB, gt=0)
    wall_seconds: int = Field(default=120, gt=0, le=3600)
    """Then the decoder is killed, and the report says so."""


class Leases(Section):
    """How a scan whose worker or message was lost is noticed and tried again."""

    seconds: Seconds = 60.0
    """A worker that is silent for this long counts as dead."""
    attempts: int = Field(default=3, gt=0)
    """After so many dead workers or crashes a scan fails."""
    run_seconds: int = Field(default=900, gt=0, le=7 * 86_400)
    """One scan may take this long; then it fails."""
    reconcile_seconds: Seconds = 5.0
    """How often lost scans and messages are looked for."""
    resend_seconds: Seconds = 10.0
    """A message may travel this long before it can count as lost."""
    orphan_seconds: Seconds = 3600.0
    """Stored files that no scan refers to are deleted after this."""
    sweep_seconds: Seconds = 600.0
    """How often such files are looked for."""


class Connections(Section):
    """What one connection may take, so that slow clients cannot shut the others out."""

    total: int = Field(default=1000, gt=0)
    """At the same time; beyond that the API answers 503."""
    unfinished: int = Field(default=100, gt=0)
    """Connections of one client whose request has not arrived completely; beyond that the ones
    that waited longest are closed. Behind a proxy all come from one client: raise it."""
    header_seconds: Seconds = 10.0
    """A request's headers have to arrive within this."""
    stall_seconds: Seconds = 20.0
    """An upload or download that makes no progress for this long ends."""
    bytes_per_second: int = Field(default=1024, ge=0)
    """An upload that is slower than this over that time counts as stalled."""


class Quotas(Section):
    """What each key or person, and each tenant, may do; 0: as much as it likes. A tenant can have
    limits of its own, see `assay admin tenant set`. Where nobody is asked for a key, nothing is
    counted. The counters are in Redis where it is the broker, else in each process."""

    key_requests_per_minute: int = Field(default=6_000, ge=0)
    key_upload_bytes_per_day: int = Field(default=0, ge=0)
    """Addresses of batches count too, when they are fetched."""
    key_scans_in_flight: int = Field(default=0, ge=0)
    """Waiting or running at the same time."""
    requests_per_minute: int = Field(default=30_000, ge=0)
    """Of a tenant."""
    upload_bytes_per_day: int = Field(default=1024 * 1024 * MIB, ge=0)
    """Of a tenant."""
    scans_in_flight: int = Field(default=10_000, ge=0)
    """Of a tenant, waiting or running at the same time."""


class Webhooks(Section):
    """How receivers of webhooks are talked to."""

    networks: Networks = ()
    """Private addresses or networks, separated by commas, in which receivers may be; unset: public
    addresses alone. A tenant's admin can send events there and sees how a refusal begins, so name
    no more than the receivers."""
    seconds: float = Field(default=15.0, gt=0, le=60)
    """A receiver has to answer within this."""
    keep_days: int = Field(default=30, ge=1, le=3650)
    """Events, their deliveries and every attempt are deleted after this."""
    key_file: Folder | None = None
    """The key that seals the secrets of endpoints in the database, 32 bytes in base64; unset: made
    once as `keys/webhooks.key` in the data directory. A fleet shares one."""


class KeepApart(Section):
    """Parts of a scan kept for another time than the rest: 12h, 30d, forever; 0d: until it ends."""

    bytes: str | None = None
    previews: str | None = None
    reports: str | None = None
    index_entries: str | None = None

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        self.parts()
        return self

    def parts(self) -> dict[Part, Keep]:
        """Those that are set."""
        words = {part: getattr(self, part.value) for part in Part}
        return {part: keep_in(text, part) for part, text in words.items() if text is not None}


class Metrics(Section):
    """Figures for Prometheus, and whether the process lives, on a port of its own for each process.
    Nobody is asked for a key there; keep it inside. See docs/operations.md."""

    host: str = "127.0.0.1"
    """The address to listen on."""
    port: int = Field(default=0, ge=0, le=65_533)
    """Answers /metrics, and a worker's /health/live and /health/ready; 0: there is none. The
    workers of `assay serve` take the next three: of scans, of webhooks, and of sound and films."""


class Settings(BaseSettings):
    """Read from the environment (ASSAY_...); nested ones with two underscores."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=NESTED,
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
    )

    data_dir: Folder = Field(default_factory=user_data_dir)
    """Everything that is kept, unless something below says otherwise; unset: `assay` in the user's
    data folder, such as ~/.local/share/assay."""
    reserve_bytes: int = Field(default=256 * MIB, ge=0)
    """Uploads are refused while less than this is free there, so that what was accepted can be
    finished and deleted."""
    storage: Place = ""
    """Where uploaded files and previews lie: a folder, or a bucket as s3://bucket/prefix,
    gs://bucket/prefix or az://container/prefix; unset: `blobs` in the data directory. See
    docs/storage.md."""
    storage_seconds: float = Field(default=60.0, gt=0, le=600)
    """A bucket that says nothing for so long, before its answer or within it, does not answer."""
    shared_folders: Shares = ()
    """Folders whose files a tenant may have read by their paths instead of uploading them, as
    tenant=/folder with commas between them; links in them are not followed. See docs/audit.md."""
    database_url: Annotated[SecretStr | None, scheme("postgresql", "sqlite")] = None
    """postgresql://user:password@host/name; unset: SQLite in the data directory."""
    database_url_file: Folder | None = None
    """A file that holds that address alone, instead, as containers are given secrets."""
    database_pooled: bool = False
    """PostgreSQL is reached by way of a pooler that hands out a connection for each transaction,
    such as PgBouncer: nothing is prepared or set for longer than that."""
    broker_url: Annotated[
        SecretStr | None, scheme("redis", "rediss", "redis+socket", "sentinel")
    ] = None
    """redis://host:6379/0, or sentinel://host:26379;sentinel://other:26379; unset: a folder in the
    data directory, for one machine."""
    broker_url_file: Folder | None = None
    """A file that holds that address alone, instead."""
    broker_options: dict[str, Any] = Field(default={}, repr=False)
    """Options of kombu's Redis transport, as JSON; sentinels need {"master_name": "..."}, and
    {"sentinel_kwargs": {"password": "..."}} where they ask for one."""
    language: Language | None = None
    """Of what commands print: en, de or es; else by LC_ALL, LC_MESSAGES or LANG."""
    organisation: Annotated[str, Field(max_length=120)] = ""
    """The name at the head of PDF reports, such as that of a newsroom; unset: assay's."""
    trust_dir: Folder | None = None
    """Trust lists; unset: `trust` in the data directory."""
    builtin_trust: bool = True
    """Believe the C2PA programme's trust lists that ship with assay, beside the folder's; false:
    the folder's alone."""
    index_dir: Folder | None = None
    """Index of known media, in which copies are looked up; unset: `index` in the data directory."""
    index_scans: bool = False
    """Every scan adds its file to that index, until the scan is deleted."""
    weights_dir: Folder | None = None
    """Models that were pulled; unset: `weights` in the data directory."""
    cache_dir: Folder = Field(default_factory=user_cache_dir)
    """What is made of the weights that come with assay when a model is first loaded, some 60 MB each,
    so that later starts are sooner; unset: `assay` in the user's cache folder, such as ~/.cache/assay."""
    report_key_file: Folder | None = None
    """Ed25519 key in PEM that signs reports; unset: made once as `keys/report.pem` in the data
    directory. A fleet shares one."""
    keep_days: int = Field(default=30, ge=0, le=36_500)
    """Files, previews, reports and index entries of scans are deleted after this; 0: never."""
    expire_share: float = Field(default=0.5, gt=0, le=1)
    """If more than this share of all scans is an hour or more past its end at once, as after the
    clock was set, nothing is deleted until `assay expire --yes` allows it."""
    idempotency_hours: float = Field(default=24, gt=0, le=24 * 365)
    """A request that comes again with its Idempotency-Key within this makes no second scan."""
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
    allowed_hosts: Names = ()
    """Names this service is called by, with commas between them, besides localhost and the address
    it listens on; *.example.org takes every name below, * any name at all."""
    open: bool = False
    """Let everybody in who reaches the service, with every right in the tenant `default`. False:
    keys or accounts are asked for, except by `assay serve` on loopback while there are none. See
    docs/access.md."""
    daily_checks: bool = True
    """Workers test themselves with made media and look for drift of the scores, each once a day in
    the whole fleet; the figures tell what they found."""
    log_json: bool = False
    """One JSON object a line instead of text."""
    model_threads: int = Field(default=2, gt=0)
    """Threads of each model."""
    device: Device = Device.CPU
    """What the picture encoder computes on: cpu, cuda, mps, or auto for the first of CUDA, MPS and
    the processor that is there. See docs/operations.md."""
    retention: KeepApart = KeepApart()
    uploads: Uploads = Uploads()
    decoding: Decoding = Decoding()
    leases: Leases = Leases()
    webhooks: Webhooks = Webhooks()
    connections: Connections = Connections()
    quotas: Quotas = Quotas()
    oidc: Oidc = Oidc()
    metrics: Metrics = Metrics()

    @model_validator(mode="before")
    @classmethod
    def _from_files(cls, given: dict[str, object]) -> dict[str, object]:
        """Addresses that hold passwords, out of the files that the environment names instead."""
        read = dict(given)
        for name in ("database_url", "broker_url"):
            file = given.get(f"{name}_file")
            if file is None:
                continue
            if given.get(name) is not None:
                raise ValueError(f"{name} and {name}_file are both set")
            read[name] = content(Path(str(file)))
        return read

    @model_validator(mode="after")
    def _nothing_of_ours_shared(self) -> Self:
        for _, folder in self.shared_folders:
            if self.data_dir.resolve().is_relative_to(folder.resolve()):
                raise ValueError(f"shared_folders: {folder} holds the data directory")
        return self

    @model_validator(mode="after")
    def _broker_named(self) -> Self:
        url = self.broker_url.get_secret_value() if self.broker_url is not None else ""
        if url.startswith("sentinel://") and not self.broker_options.get("master_name"):
            raise ValueError("a broker behind sentinels needs master_name among broker_options")
        return self

    @property
    def report_key(self) -> Path:
        return self.report_key_file or self.data_dir / "keys" / "report.pem"

    @property
    def blobs(self) -> str:
        return self.storage or str(self.data_dir / "blobs")

    @property
    def webhook_key(self) -> Path:
        return self.webhooks.key_file or self.data_dir / "keys" / "webhooks.key"

    @property
    def trust(self) -> Path:
        return self.trust_dir or self.data_dir / "trust"

    @property
    def index(self) -> Path:
        return self.index_dir or self.data_dir / "index"

    @property
    def weights(self) -> Path:
        return self.weights_dir or self.data_dir / "weights"

    @property
    def thresholds(self) -> Path:
        """Of the organisation's own, where `assay calibrate` made some."""
        return self.data_dir / "thresholds.json"


def read_settings() -> Settings:
    """The settings of this process's environment.

    Raises `SettingsInvalid` with a sentence for each that makes no sense or does not exist.
    """
    unknown = tuple(_unknown(os.environ))
    if unknown:
        raise SettingsInvalid(*unknown)
    try:
        return Settings()
    except ValidationError as error:
        sentences = (f"{_variable(item['loc'])}: {item['msg']}" for item in error.errors())
        raise SettingsInvalid(*sentences) from error
    except SettingsError as error:
        raise SettingsInvalid(f"{error}: a group is set by its parts, as in {EXAMPLE}") from error


EXAMPLE: Final = f"{PREFIX}LEASES{NESTED}SECONDS"


def left_behind(settings: Settings) -> Path | None:
    """A data folder of earlier versions below the working directory, if it is no longer used."""
    former = FORMER_DATA_DIR.absolute()
    if settings.data_dir == former or not (former / "assay.db").exists():
        return None
    return former


def names(model: type[BaseModel] = Settings, prefix: str = PREFIX) -> Iterator[str]:
    """The environment variable of every setting."""
    for name, field in model.model_fields.items():
        variable = f"{prefix}{name.upper()}"
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from names(field.annotation, f"{variable}{NESTED}")
        else:
            yield variable


def _unknown(environment: Mapping[str, str]) -> Iterator[str]:
    known = set(names())
    groups = {name.partition(NESTED)[0] for name in known if NESTED in name}
    for variable in sorted(environment):
        name = variable.upper()
        if not name.startswith(PREFIX) or name in known | groups:
            continue
        near = get_close_matches(name, sorted(known), n=1)
        yield f"{variable}: there is no such setting" + (f"; meant {near[0]}?" if near else "")


def _variable(place: tuple[int | str, ...]) -> str:
    return PREFIX + NESTED.join(part for part in place if isinstance(part, str)).upper()
