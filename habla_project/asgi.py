"""The ASGI application: HTTP by Django, WebSockets by Channels."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "habla_project.settings")
http = get_asgi_application()

from channels.routing import ProtocolTypeRouter  # after Django is set up

from sessions_app.access.downloads import track_downloads
from sessions_app.routing import WebSocketRouter, websocket_urlpatterns
from sessions_app.transport.forwarding import TrustedProxies
from sessions_app.transport.request_limiter import RequestLimiter

application = TrustedProxies(
    ProtocolTypeRouter(
        {
            "http": RequestLimiter(track_downloads(http)),
            "websocket": WebSocketRouter(websocket_urlpatterns),
        }
    )
)
