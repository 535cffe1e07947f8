"""Keeps logins valid: the backend that they name lies in another module now."""

from django.contrib.auth import BACKEND_SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import migrations

BEFORE = 'sessions_app.login_backend.DelayingBackend'
NOW = 'sessions_app.access.login_backend.DelayingBackend'


def rename_backend(apps, schema_editor, before=BEFORE, now=NOW):
    """Write ``now`` into the logins that name ``before``; one that cannot be read stays."""
    sessions = apps.get_model('sessions', 'Session').objects.using(schema_editor.connection.alias)
    for session in sessions.iterator():
        store = SessionStore()
        data = store.decode(session.session_data)
        if data.get(BACKEND_SESSION_KEY) == before:
            data[BACKEND_SESSION_KEY] = now
            session.session_data = store.encode(data)
            session.save(update_fields=['session_data'])


def rename_back(apps, schema_editor):
    rename_backend(apps, schema_editor, NOW, BEFORE)


class Migration(migrations.Migration):

    dependencies = [
        ('sessions', '0001_initial'),
        ('sessions_app', '0014_origin'),
    ]

    operations = [migrations.RunPython(rename_backend, rename_back)]
