"""Keeps with each exchange whether rules translated it; so far Apertium alone did."""

from django.db import migrations, models


def mark(apps, schema_editor):
    """Mark what Apertium translated."""
    exchanges = apps.get_model('sessions_app', 'Exchange').objects
    exchanges.using(schema_editor.connection.alias).filter(translator='apertium').update(is_gist=True)


class Migration(migrations.Migration):

    dependencies = [
        ('sessions_app', '0016_resumptions'),
    ]

    operations = [
        migrations.AddField(
            model_name='exchange',
            name='is_gist',
            field=models.BooleanField(default=False),
        ),
        migrations.RunPython(mark, migrations.RunPython.noop),
    ]
