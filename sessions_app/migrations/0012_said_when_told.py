"""Exchanges stored late keep the time at which they were said, since the program sets it now."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sessions_app", "0011_deleted_sound")]

    operations = [
        # the columns stay as they are: no table is rewritten
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name="conversation",
                    name="started_at",
                    field=models.DateTimeField(default=django.utils.timezone.now),
                ),
                migrations.AlterField(
                    model_name="exchange",
                    name="said_at",
                    field=models.DateTimeField(default=django.utils.timezone.now),
                ),
            ]
        )
    ]
