"""`manage.py restart`: the former name of `reload_engines`."""

from sessions_app.management.commands import reload_engines


class Command(reload_engines.Command):
    """Do as `reload_engines` does, and say so."""

    help = f"The former name of reload_engines. {reload_engines.Command.help}"
    former_name = "restart"
