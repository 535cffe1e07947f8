"""`manage.py reload`: the former name of `reload_settings`."""

from sessions_app.management.commands import reload_settings


class Command(reload_settings.Command):
    """Do as `reload_settings` does, and say so."""

    help = f"The former name of reload_settings. {reload_settings.Command.help}"
    former_name = "reload"
