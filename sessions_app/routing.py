"""The WebSockets' addresses."""

from django.urls import path

from sessions_app.consumers import SessionConsumer
from sessions_app.watching import watch

websocket_urlpatterns = [
    path("ws/session/", SessionConsumer.as_asgi()),
    path("ws/watch/<str:secret>/", watch),  # type: ignore[arg-type]  # for Channels, not Django
]
