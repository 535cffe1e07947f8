"""The URLs of the whole project."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    # before the sessions': it adds routes to their REST interface, which is then complete
    path("", include("playback_app.urls")),
    path("", include("sessions_app.urls")),
]

handler500 = "sessions_app.web.error_pages.server_error"
