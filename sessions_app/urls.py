"""The addresses of pages and of the REST routes."""

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.templatetags.static import static
from django.urls import path
from django.views.generic import RedirectView
from django.views.i18n import set_language

from sessions_app.web import (
    first_account_page,
    models_page,
    phone_page,
    service_worker,
    settings_page,
    views,
)
from sessions_app.web.api import api
from sessions_app.web.login_page import LoginPage

ICON = "sessions_app/icons/habla.svg"
"""What browsers ask for at /favicon.ico where a page names no icon, as the admin's do."""

urlpatterns = [
    path("", views.live, name="live"),
    path("history/", views.history, name="history"),
    path("history/<uuid:conversation_id>/", views.conversation, name="conversation"),
    path(
        "history/<uuid:conversation_id>/export",
        views.export_conversation,
        name="export_conversation",
    ),
    path(
        "history/<uuid:conversation_id>/catch-up",
        views.catch_up_conversation,
        name="catch_up_conversation",
    ),
    path(
        "history/<uuid:conversation_id>/delete",
        views.remove_conversation,
        name="remove_conversation",
    ),
    path("settings/", settings_page.settings, name="settings"),
    path("settings/models/", models_page.models, name="models"),
    path("watch/<str:secret>/", views.watch_page, name="watch"),
    path("phone/", phone_page.phone, name="phone"),
    path("phone/habla.crt", phone_page.authority_certificate, name="authority_certificate"),
    path("phone/habla.mobileconfig", phone_page.authority_profile, name="authority_profile"),
    path("phone/trusted.svg", phone_page.trusted_picture),
    path("login/", LoginPage.as_view(), name="login"),
    path("first-account/<str:token>/", first_account_page.first_account, name="first_account"),
    path("logout/", LogoutView.as_view(next_page="live"), name="logout"),
    path("i18n/setlang/", login_not_required(set_language), name="set_language"),
    path("offline/", service_worker.offline_page, name="offline"),
    path("sw.js", service_worker.worker_script, name="worker"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", views.metrics_of_this_process, name="metrics"),
    path("favicon.ico", login_not_required(RedirectView.as_view(url=static(ICON)))),
    path("api/", api.urls),
]
