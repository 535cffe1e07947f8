"""The URLs of recordings: pages, and their REST routes."""

from django.urls import path

from playback_app.web import views
from playback_app.web.playbacks_api import router as playbacks
from playback_app.web.recordings_api import router
from sessions_app.web.api import api

api.add_router("/recordings", router)
api.add_router("/playbacks", playbacks)

urlpatterns = [
    path("recordings/", views.recordings, name="recordings"),
    path("recordings/<uuid:recording_id>/", views.recording, name="recording"),
    path(
        "recordings/<uuid:recording_id>/bookmark",
        views.bookmark_recording,
        name="bookmark_recording",
    ),
    path(
        "recordings/<uuid:recording_id>/delete",
        views.remove_recording_page,
        name="remove_recording",
    ),
]
