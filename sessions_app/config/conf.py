"""Our own settings as checked, typed values: the only module that reads settings.HABLA."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from sessions_app.config.kinds import ADDRESS, OFF, Network
from sessions_app.config.setting import PREFIX, Setting, read_settings, settings_of
from sessions_app.config.variables import RUN_DIR, Conf
from sessions_app.core.errors import SettingsError
from sessions_app.engines import keys
from sessions_app.engines.server_address import is_server_address

OUR_SETTINGS = settings_of(Conf)
LLM_VARIABLES = f"{PREFIX}LLM_"


def read() -> Conf:
    """Return the settings of this process.

    Raises:
        SettingsError: one is wrong; it names the variable and says what would be right.
    """
    found, mistakes = _read_all()
    if mistakes:
        raise mistakes[0]
    return found


def mistakes() -> list[SettingsError]:
    """Return all mistakes in the settings."""
    return _read_all()[1]


def data_dir() -> Path:
    """Return the directory of everything written at run time."""
    return Path(settings.HABLA["DATA_DIR"])


def run_dir() -> Path:
    """Return ``Conf.run_dir``, whatever else is set wrong: a running server can be asked to end.

    Raises:
        SettingsError: the data directory is wrong.
    """
    setting = OUR_SETTINGS["data_dir"]
    return Path(setting.read(_text_of(setting))) / RUN_DIR


def recordings_dir() -> Path:
    """Return where recorded sound lies."""
    return data_dir() / "recordings"


def has_owner() -> bool:
    """Return whether the person at this machine needs no login; False if that is unclear."""
    return bool(_read_safely("has_owner"))


def trusted_proxies() -> tuple[Network, ...]:
    """Return the proxies whose headers about their clients are believed; none if unclear."""
    networks: tuple[Network, ...] = _read_safely("trusted_proxies")
    return networks


def is_key_without_address() -> bool:
    """Return whether the language model has a key, but nothing says which server it is for."""
    names = ("LLM_URL", "LLM_PROFILE")
    habla = settings.HABLA
    return bool(habla["LLM_KEY"]) and not any(habla[name] for name in names)


def _text_of(setting: Setting[Any]) -> str:
    return str(settings.HABLA[setting.name])


def _read_safely(attribute: str) -> Any:
    setting = OUR_SETTINGS[attribute]
    return setting.read_safely(_text_of(setting))[0]


def _read_all() -> tuple[Conf, list[SettingsError]]:
    texts = {setting.name: _text_of(setting) for setting in OUR_SETTINGS.values()}
    found, wrong = read_settings(Conf, texts)
    wrong += _mistakes_about_servers(found)
    if found.llm_url == OFF:  # then no other setting of the language model is used
        wrong = [error for error in wrong if not error.variable.startswith(LLM_VARIABLES)]
    return found, wrong


def _mistakes_about_servers(found: Conf) -> Iterator[SettingsError]:
    """Yield mistakes about addresses in OPTIONS, and about keys that must not be sent there.

    Neither is repeated in a message: an address may hold a password.
    """
    for variable, choice in (
        ("HABLA_TRANSCRIBER", found.transcriber),
        ("HABLA_TRANSLATOR", found.translator),
        ("HABLA_DETECTOR", found.detector),
    ):
        for url in _addresses(choice.options):
            if _is_broken(url):
                yield SettingsError(f"{variable}: {ADDRESS} would be right.", variable=variable)
            else:
                yield from _mistakes_about_key(url, choice.options.get("key"), variable)
    yield from _mistakes_about_key(found.llm_url, found.llm_key, "HABLA_LLM_KEY")


def _mistakes_about_key(url: str, key: object, variable: str) -> Iterator[SettingsError]:
    if problem := keys.problem_of(url, str(key or "")):
        yield SettingsError(f"{variable}: {problem}", variable=variable)


def _addresses(options: Mapping[str, Any]) -> list[str]:
    """Return the addresses of servers in an engine's options; an empty one is this machine."""
    named = options.get("urls") or options.get("url") or ""
    return [str(url) for url in named] if isinstance(named, list) else [str(named)]


def _is_broken(url: str) -> bool:
    """Return whether this is meant to be the address of a server, and is not one."""
    return url.lower().startswith(("http:", "https:")) and not is_server_address(url)
