"""Gives each ticket to the conversation of its session; tells who reads along through a server."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce


def give_conversations(apps, schema_editor):
    """Let each ticket be that of the conversation to which its session wrote last."""
    alias = schema_editor.connection.alias
    exchanges = apps.get_model('sessions_app', 'Exchange').objects.using(alias)
    sessions = apps.get_model('sessions_app', 'TranslationSession').objects.using(alias)
    said = exchanges.filter(session=OuterRef('session')).order_by('-pk')
    last = Subquery(said.values('conversation')[:1])
    first = Subquery(sessions.filter(pk=OuterRef('session')).values('conversation')[:1])
    tickets = apps.get_model('sessions_app', 'WatchTicket').objects.using(alias)
    tickets.update(conversation=Coalesce(last, first))


def delete_without_session(apps, schema_editor):
    """Delete tickets as the version before did: with the session for which they were made."""
    tickets = apps.get_model('sessions_app', 'WatchTicket').objects
    tickets.using(schema_editor.connection.alias).filter(session=None).delete()


class Migration(migrations.Migration):

    dependencies = [
        ('sessions_app', '0017_is_gist'),
    ]

    operations = [
        migrations.AddField(
            model_name='server',
            name='viewers',
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name='translationsession',
            name='current_conversation',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='current_sessions', to='sessions_app.conversation'),
        ),
        migrations.AddField(
            model_name='watchticket',
            name='conversation',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='tickets', to='sessions_app.conversation'),
        ),
        migrations.AddField(
            model_name='watchticket',
            name='ended_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.RunPython(give_conversations, migrations.RunPython.noop),
        migrations.AlterField(
            model_name='watchticket',
            name='conversation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tickets', to='sessions_app.conversation'),
        ),
        migrations.AlterField(
            model_name='watchticket',
            name='session',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='sessions_app.translationsession'),
        ),
        migrations.RunPython(migrations.RunPython.noop, delete_without_session),
    ]
