"""Rows say what of ended sessions waits to be transcribed, and which process does that."""

import django.db.models.deletion
from django.db import migrations, models

JUDGED = ['', 'no_speech', 'too_short', 'hallucination', 'language_not_supported']


def leave_what_is_done(apps, schema_editor):
    """Nothing is to be done for recordings that were finished, and of which all was heard."""
    alias = schema_editor.connection.alias
    segments = apps.get_model('sessions_app', 'RecordedSegment').objects.using(alias)
    due = segments.filter(text='').exclude(discarded__in=JUDGED)
    recordings = apps.get_model('sessions_app', 'Recording').objects.using(alias)
    finished = recordings.filter(models.Q(state='complete') | models.Q(session=None))
    finished.exclude(pk__in=due.values('recording')).update(catch_up='done')


class Migration(migrations.Migration):

    dependencies = [
        ('sessions_app', '0018_tickets_of_conversations'),
    ]

    operations = [
        migrations.AddField(
            model_name='conversation',
            name='unheard_count',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='exchange',
            name='awaits_translation',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='exchange',
            name='is_late',
            field=models.BooleanField(default=False),
        ),
        migrations.AddIndex(
            model_name='exchange',
            index=models.Index(condition=models.Q(('awaits_translation', True)), fields=['session'], name='exchange_awaits_translation'),
        ),
        migrations.AddField(
            model_name='recordedsegment',
            name='attempts',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='recording',
            name='catch_up',
            field=models.CharField(blank=True, choices=[('', 'not examined yet'), ('waiting', 'waits to be transcribed'), ('done', 'nothing waits'), ('failed', 'could not be transcribed')], db_index=True, default='', max_length=8),
        ),
        migrations.AddField(
            model_name='recording',
            name='conversation',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='recordings', to='sessions_app.conversation'),
        ),
        migrations.AddField(
            model_name='recording',
            name='marks',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name='recording',
            name='undecided_from',
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='translationsession',
            name='catcher',
            field=models.CharField(blank=True, default='', max_length=40),
        ),
        migrations.AddField(
            model_name='translationsession',
            name='is_catch_up_wanted',
            field=models.BooleanField(default=False),
        ),
        migrations.RunPython(leave_what_is_done, migrations.RunPython.noop),
    ]
