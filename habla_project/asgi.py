"""What answers on the port: HTTP by Django, the WebSocket by Channels."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "habla_project.settings")
http = get_asgi_application()

from channels.routing import ProtocolTypeRouter  # after Django is set up

from sessions_app.downloads import looked_after
from sessions_app.forwarding import TrustedProxies
from sessions_app.http_turns import Turns
from sessions_app.routing import Addresses, websocket_urlpatterns

application = TrustedProxies(
    ProtocolTypeRouter(
        {"http": Turns(looked_after(http)), "websocket": Addresses(websocket_urlpatterns)}
    )
)
