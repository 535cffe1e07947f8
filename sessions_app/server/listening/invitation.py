"""What the console says to people who are to come from other machines."""

from urllib.parse import urlsplit

from cryptography import x509
from django.conf import settings
from django.urls import reverse

from sessions_app.access import authentication, owner_key
from sessions_app.access.one_time_link import account_link, is_account_made
from sessions_app.core.certificates.authority import fingerprint
from sessions_app.core.errors import StoreError
from sessions_app.core.listening import Listening
from sessions_app.core.qr_codes import qr_lines

NEEDS_HTTPS = (
    "Browsers give the microphone only to https pages (and to localhost): "
    "`make run HTTPS=1 HOST=0.0.0.0`, or `serve --https`, speaks https."
)
ASKS_ONCE = "It leads through what the phone has to be told once, and says whether that worked."
NEWER = "`manage.py account_link` makes another."


def describe_reach(listening: Listening, *, has_terminal: bool) -> list[str]:
    """Return by which addresses others come here, with a QR code for a phone on a terminal."""
    if not listening.names:
        return []
    addresses = ", ".join(listening.address(name) for name in listening.names)
    lines = [f"Others reach this server at {addresses}."]
    if listening.plain_port is None:
        return [*lines, NEEDS_HTTPS]
    guide = listening.guide()
    lines.append(f"On a phone open {guide}. {ASKS_ONCE}")
    if listening.authority:
        authority = x509.load_pem_x509_certificate(listening.authority)
        lines.append(f"The SHA-256 fingerprint of the certificate: {fingerprint(authority)}")
    return [*lines, *qr_lines(guide)] if has_terminal else lines


async def describe_first_account(listening: Listening, *, printed_to: int) -> list[str]:
    """Return the link by which the first account is made; empty: there is one, or none is needed.

    ``printed_to`` is the descriptor to which it is written: nobody else may read it there.
    """
    if not listening.names and authentication.is_owner_enabled():
        return []
    try:
        if await is_account_made():
            return []
    except StoreError:
        return []  # at the next start
    if owner_key.is_kept_in_journal(printed_to):
        return ["Nobody can log in yet: `manage.py account_link` prints a link for that."]
    return [f"Nobody can log in yet. {first_account_line(listening)}"]


def first_account_line(listening: Listening) -> str:
    """Return a new link in a sentence; the one before is not good any more."""
    address = f"{_public_address(listening)}{reverse('first_account', args=[account_link.make()])}"
    return f"Make the owner's account here, once and within an hour: {address} ({NEWER})"


def _public_address(listening: Listening) -> str:
    """Return where people come in: that of a proxy in front, if the settings name one."""
    for origin in settings.CSRF_TRUSTED_ORIGINS:
        if "*" not in origin and urlsplit(origin).hostname:
            return str(origin)
    return listening.address()
