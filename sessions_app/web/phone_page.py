"""The page that leads a phone here: the address as a QR code, and how to trust the certificate."""

from http import HTTPStatus
from urllib.parse import urlsplit

from cryptography import x509
from csp.constants import HEADER
from csp.utils import build_policy
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from sessions_app.core.caller import is_loopback
from sessions_app.core.certificates.authority import fingerprint
from sessions_app.core.certificates.profile import configuration_profile
from sessions_app.core.listening import Listening
from sessions_app.core.qr_codes import qr_svg
from sessions_app.live.registry import live

CERTIFICATE = "application/x-x509-ca-cert"
PROFILE = "application/x-apple-aspen-config"
PICTURE = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>\n'


@login_not_required
@require_safe
@never_cache
def phone(request: HttpRequest) -> HttpResponse:
    """Show how a phone gets here; whoever asks reads no address that he did not know already."""
    here = live.listening
    name = _name_for(request, here)
    is_ours = here is not None and here.plain_port is not None
    if here is not None and is_ours:
        address, guide = here.address(name), here.guide(name)
    else:
        address = guide = f"{request.scheme}://{request.get_host()}"
    names = here.names if here is not None and is_loopback(_domain(request)) else ()
    context = {
        "address": address,
        "guide": guide,
        "code": qr_svg(guide),
        "others": [here.guide(each) for each in names if here is not None and each != name],
        "is_ours": is_ours,
        "is_alone": is_loopback(urlsplit(guide).hostname or ""),
        "authority": _authority(here),
        "probe": f"{address}/phone/trusted.svg" if is_ours and not request.is_secure() else "",
    }
    response = render(request, "sessions_app/phone.html", context)
    if context["probe"]:
        response.headers[HEADER] = build_policy(update={"img-src": [address]})
    return response


@login_not_required
@require_safe
@never_cache
def authority_certificate(request: HttpRequest) -> HttpResponse:
    """Return the certificate of the house's authority, as Android, Windows and Linux take it."""
    pem = _pem_or_404()
    headers = {"Content-Disposition": 'attachment; filename="habla.crt"'}
    return HttpResponse(pem, content_type=CERTIFICATE, headers=headers)


@login_not_required
@require_safe
@never_cache
def authority_profile(request: HttpRequest) -> HttpResponse:
    """Return it as iPhones and iPads take it."""
    certificate = x509.load_pem_x509_certificate(_pem_or_404())
    told = _("Lets this device trust Habla in this house. It vouches for addresses in houses only.")
    headers = {"Content-Disposition": 'attachment; filename="habla.mobileconfig"'}
    profile = configuration_profile(certificate, told)
    return HttpResponse(profile, content_type=PROFILE, headers=headers)


@login_not_required
@require_safe
@never_cache
def trusted_picture(request: HttpRequest) -> HttpResponse:
    """Return a picture that a browser shows only if it trusts the certificate."""
    return HttpResponse(PICTURE, content_type="image/svg+xml", status=HTTPStatus.OK)


def _name_for(request: HttpRequest, here: Listening | None) -> str:
    """Return the name in the address for a phone; empty: that of the request is of no use there."""
    domain = _domain(request)
    is_useless = is_loopback(domain) and here is not None and here.names
    return "" if is_useless else domain.strip("[]")


def _domain(request: HttpRequest) -> str:
    return split_domain_port(request.get_host())[0]


def _authority(here: Listening | None) -> str:
    """Return the fingerprint of the house's authority; empty: there is none."""
    if here is None or not here.authority:
        return ""
    return fingerprint(x509.load_pem_x509_certificate(here.authority))


def _pem_or_404() -> bytes:
    here = live.listening
    if here is None or not here.authority:
        raise Http404
    return here.authority
