from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('sessions_app', '0013_login_delays'),
    ]

    operations = [
        migrations.RenameField(model_name='exchange', old_name='playback_id', new_name='origin'),
    ]
