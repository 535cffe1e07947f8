"""Every setting, declared once: variable, kind, default, meaning, and whether it can be reloaded.

To add one, declare it here, use it, and run `make settings-table`, which writes the table in
docs/operations.md. `Conf` is read by conf.py, `DjangoSettings` by habla_project/settings.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sessions_app.config.data_directory import NO_DIRECTORY
from sessions_app.config.kinds import (
    OFF,
    EngineSpec,
    Names,
    Network,
    Networks,
    Number,
    OneOf,
    Prices,
    Program,
    ReadablePath,
    SecretKey,
    ServerAddress,
    Switch,
    Text,
    Verbatim,
    WholeNumber,
    WritableDirectory,
)
from sessions_app.config.setting import Setting, settings_of
from sessions_app.engines.choices import EngineChoice, EngineSettings
from sessions_app.engines.server_profiles import PROFILES

RUN_DIR = "run"
"""The name of the run directory, in the data directory."""
SESSIONS_PER_USER = 8
"""Live sessions of a user who is not the owner: on several devices, and some left open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conf:
    """Habla's own settings."""

    data_dir: Path = Setting(
        variable="HABLA_DATA_DIR",
        kind=WritableDirectory(),
        default_in_words="`data` beside manage.py",
        safe=NO_DIRECTORY,
        meaning="everything written at run time: database, recordings, models, secret key; made if "
        "missing",
    ).field()
    transcriber: EngineChoice = Setting(
        variable="HABLA_TRANSCRIBER",
        kind=EngineSpec(),
        default="auto",
        meaning="the transcriber: `auto`, `faster-whisper`, `openai`, `none`, `fake`, the dotted "
        "path of [a class of your own](engines.md), or JSON "
        '`{"BACKEND": "faster-whisper", "OPTIONS": {"model": "medium"}}`',
    ).field()
    translator: EngineChoice = Setting(
        variable="HABLA_TRANSLATOR",
        kind=EngineSpec(),
        default="auto",
        meaning="the translator, likewise: `auto`, `llm`, `opus-mt`, `apertium`, `none`, `fake`",
    ).field()
    detector: EngineChoice = Setting(
        variable="HABLA_DETECTOR",
        kind=EngineSpec(),
        default="auto",
        meaning="the speech detector, likewise: `auto`, `silero`, `fake`",
    ).field()
    models_from: Path | None = Setting(
        variable="HABLA_MODELS_FROM",
        kind=ReadablePath(),
        default_in_words="none",
        meaning="a directory, or a zip, tar or wheel file, with models for a machine without a "
        "network; see [Models](#models)",
    ).field()
    llm_url: str = Setting(
        variable="HABLA_LLM_URL",
        kind=ServerAddress(),
        default_in_words="searched for on this machine",
        is_secret=True,
        meaning="the address of a language model server, including `/v1` (which is tried too where "
        "it is missing); `off`: none is searched for",
    ).field()
    llm_model: str = Setting(
        variable="HABLA_LLM_MODEL",
        kind=Text(),
        default_in_words="the server's first that can chat",
        meaning="the model, by the server's name for it",
    ).field()
    llm_key: str = Setting(
        variable="HABLA_LLM_KEY",
        kind=Text(),
        default_in_words="none",
        is_secret=True,
        meaning="sent to that server as a bearer token and shown nowhere; needs `HABLA_LLM_URL` "
        "or `HABLA_LLM_PROFILE`, see [Keys](#keys)",
    ).field()
    llm_profile: str = Setting(
        variable="HABLA_LLM_PROFILE",
        kind=OneOf(("", *PROFILES)),
        default_in_words="known by the address",
        meaning="the kind of server: `lm-studio`, `ollama`, `llama-cpp`, `vllm`, `openai` or "
        "`other`",
    ).field()
    llm_prices: Mapping[str, Any] = Setting(
        variable="HABLA_LLM_PRICES",
        kind=Prices(),
        default_in_words="none",
        meaning="the price of a million tokens, read and written, by model: "
        '`{"gpt-4o-mini": [0.15, 0.6]}`; `*` stands for any other model',
    ).field()
    lms_executable: str = Setting(
        variable="HABLA_LMS_EXECUTABLE",
        kind=Program("LM Studio's lms"),
        default_in_words="searched for: `lms` on the path or in `~/.lmstudio/bin`",
        meaning="LM Studio's command, with which it is started and stopped; `off`: LM Studio is "
        "left alone",
    ).field()
    drain_seconds: float = Setting(
        variable="HABLA_DRAIN_SECONDS",
        kind=Number(0, 600),
        default="8",
        is_live=True,
        meaning="how long a session that is ending may make no progress with what it accepted, "
        "neither itself nor through the engine that it shares",
    ).field()
    quit_seconds: float = Setting(
        variable="HABLA_QUIT_SECONDS",
        kind=Number(0, 600),
        default="20",
        is_live=True,
        meaning="how long a server that quits waits for all of its sessions",
    ).field()
    watchdog_seconds: float = Setting(
        variable="HABLA_WATCHDOG_SECONDS",
        kind=Number(0.1, 600),
        default="5",
        meaning="how much longer than all its time limits together the shutdown may take before "
        "the process is ended by force",
    ).field()
    silence_seconds: float = Setting(
        variable="HABLA_SILENCE_SECONDS",
        kind=Number(1, 86_400),
        default="60",
        is_live=True,
        meaning="how long a client that is listened to may send nothing, once all that it sent has "
        "been processed",
    ).field()
    resume_seconds: float = Setting(
        variable="HABLA_RESUME_SECONDS",
        kind=Number(0, 86_400),
        default="120",
        is_live=True,
        meaning="how long a session outlives its connection, for a client that asks for it; 0: not "
        "at all",
    ).field()
    rehearsal_seconds: float = Setting(
        variable="HABLA_REHEARSAL_SECONDS",
        kind=Number(0, 86_400),
        default="30",
        meaning="how often the engines are tested with an utterance of the server's own, for "
        "`/readyz`; 0: never",
    ).field()
    max_sessions: int = Setting(
        variable="HABLA_MAX_SESSIONS",
        kind=WholeNumber(1, 100_000),
        default="64",
        is_live=True,
        meaning="how many live sessions one process admits",
    ).field()
    max_sessions_per_user: int = Setting(
        variable="HABLA_MAX_SESSIONS_PER_USER",
        kind=WholeNumber(0, 100_000),
        default="0",
        is_live=True,
        meaning="how many live sessions, and as many running recordings, one user may have in a "
        "process; 0: for the owner and other superusers all of `HABLA_MAX_SESSIONS`, for "
        f"everybody else {SESSIONS_PER_USER}",
    ).field()
    has_owner: bool = Setting(
        variable="HABLA_OWNER",
        kind=Switch(),
        default="on",
        safe=False,
        meaning="whether the person at this machine needs no login; `off` behind a proxy; a value "
        "that is neither on nor off counts as off",
    ).field()
    trusted_proxies: tuple[Network, ...] = Setting(
        variable="HABLA_TRUSTED_PROXIES",
        kind=Networks(),
        default_in_words="none",
        meaning="comma-separated addresses or networks, such as `127.0.0.1, 10.0.0.0/8`, of the "
        "proxies whose `X-Forwarded-For`, `-Proto` and `-Host` are believed; if it holds a "
        "mistake, nobody is trusted",
    ).field()
    certificate: Path | None = Setting(
        variable="HABLA_CERTIFICATE",
        kind=ReadablePath("a file in PEM"),
        default_in_words="one of the house's own authority",
        meaning="the certificate that `serve --https` shows, in PEM, with those between it and its "
        "authority; it is read again when the file changes",
    ).field()
    certificate_key: Path | None = Setting(
        variable="HABLA_CERTIFICATE_KEY",
        kind=ReadablePath("a file in PEM"),
        default_in_words="in the file of the certificate",
        meaning="the key of that certificate, in PEM, without a password",
    ).field()
    is_announced: bool = Setting(
        variable="HABLA_ANNOUNCE",
        kind=Switch(),
        default="on",
        safe=False,
        meaning="whether a server that the network reaches announces its `.local` name there "
        "(multicast DNS)",
    ).field()
    is_recording: bool = Setting(
        variable="HABLA_RECORDING",
        kind=Switch(),
        default="on",
        meaning="whether the sound of sessions is kept, unless who speaks asks for it not to be; "
        "`off`: none of it is written",
    ).field()
    keep_recordings_days: float = Setting(
        variable="HABLA_KEEP_RECORDINGS_DAYS",
        kind=Number(0, 36_500),
        default="0",
        meaning="how many days a recording is kept; 0: forever",
    ).field()
    keep_recordings_gb: float = Setting(
        variable="HABLA_KEEP_RECORDINGS_GB",
        kind=Number(0, 1_000_000),
        default="0",
        meaning="how many gigabytes (10⁹ bytes) all recordings together may take, before the "
        "oldest are deleted; 0: no limit",
    ).field()
    import_gb: float = Setting(
        variable="HABLA_IMPORT_GB",
        kind=Number(0.001, 1_000_000),
        default="4",
        meaning="how many gigabytes a file may have that `manage.py recordings --import` takes",
    ).field()

    def sessions_allowed(self, *, is_operator: bool) -> int:
        """Return how many live sessions one user may have in a process.

        Where it is not said, whoever looks after the server may have all of them, others a few.
        """
        if self.max_sessions_per_user:
            return self.max_sessions_per_user
        return self.max_sessions if is_operator else SESSIONS_PER_USER

    @property
    def run_dir(self) -> Path:
        """Return where the serving process keeps its lock and control socket."""
        return self.data_dir / RUN_DIR

    @property
    def engines(self) -> EngineSettings:
        """Return which engines are wanted, and where the models lie."""
        return EngineSettings(
            transcriber=self.transcriber,
            translator=self.translator,
            detector=self.detector,
            models_dir=self.data_dir / "models",
            models_from=self.models_from,
            llm=None if self.llm_url == OFF else self._llm(),
        )

    def _llm(self) -> Mapping[str, Any]:
        """Return the options of the language model, as far as they are set."""
        words = {
            "url": self.llm_url,
            "model": self.llm_model,
            "key": self.llm_key,
            "profile": self.llm_profile,
        }
        return {name: word for name, word in words.items() if word} | {"prices": self.llm_prices}


@dataclass(frozen=True, slots=True, kw_only=True)
class DjangoSettings:
    """Settings of Django and its libraries, under the names that are usual for them."""

    database_url: str = Setting(
        variable="DATABASE_URL",
        kind=Verbatim(),
        default_in_words="SQLite in the data directory",
        is_secret=True,
        meaning="any database that Django supports by URL, such as "
        "`postgres://user:password@host:5432/habla`. A PostgreSQL that the network no longer "
        "reaches is given up after about ten seconds, and tried again; "
        "`?connect_timeout=9&tcp_user_timeout=20000` and the other limits of libpq change that",
    ).field()
    redis_url: str = Setting(
        variable="REDIS_URL",
        kind=Verbatim(),
        default_in_words="none: an in-memory channel layer",
        is_secret=True,
        meaning="the Redis of the channel layer, such as `redis://host:6379/0`",
    ).field()
    secret_key: str = Setting(
        variable="SECRET_KEY",
        kind=SecretKey(),
        default_in_words="made at the first start, kept in the data directory",
        is_secret=True,
        meaning="Django's",
    ).field()
    allowed_hosts: tuple[str, ...] = Setting(
        variable="ALLOWED_HOSTS",
        kind=Names(),
        default_in_words="loopback; with `--host`, this machine's own names too",
        is_blank_unset=True,
        meaning="comma-separated names under which the server may be reached",
    ).field()
    csrf_trusted_origins: tuple[str, ...] = Setting(
        variable="CSRF_TRUSTED_ORIGINS",
        kind=Names(),
        default_in_words="none",
        is_blank_unset=True,
        meaning="comma-separated origins, such as `https://habla.example.org` behind a proxy",
    ).field()
    are_cookies_secure: bool = Setting(
        variable="COOKIES_SECURE",
        kind=Switch(),
        default="off",
        safe=True,
        is_blank_unset=True,
        meaning="whether cookies are sent over https only; a value that is neither on nor off "
        "counts as on",
    ).field()
    is_debugging: bool = Setting(
        variable="DEBUG",
        kind=Switch(),
        default="off",
        safe=False,
        is_blank_unset=True,
        meaning="Django's; a value that is neither on nor off counts as off",
    ).field()
    log_format: str = Setting(
        variable="LOG_FORMAT",
        kind=OneOf(("text", "json")),
        default="text",
        is_blank_unset=True,
        meaning="`text`, or `json`: one object per line, with the session it belongs to",
    ).field()
    log_level: str = Setting(
        variable="LOG_LEVEL",
        kind=OneOf(("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")),
        default="INFO",
        is_blank_unset=True,
        meaning="the least severe level that is logged: `DEBUG`, `INFO`, `WARNING`, `ERROR` or "
        "`CRITICAL`",
    ).field()


def all_settings() -> list[Setting[Any]]:
    """Return every setting, in the order of the table in docs/operations.md."""
    return [*settings_of(Conf).values(), *settings_of(DjangoSettings).values()]
