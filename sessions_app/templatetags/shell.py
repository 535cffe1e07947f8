"""What pages tell their scripts about the service worker."""

from django import template
from django.conf import settings
from django.urls import reverse

register = template.Library()


@register.simple_tag
def worker_address() -> str:
    """Return the address of the service worker; none while DEBUG is on, when files change."""
    return "" if settings.DEBUG else reverse("worker")
