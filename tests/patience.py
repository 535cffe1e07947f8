"""How long a test waits for what must come, however busy the machine is: no promise of Habla's."""

PATIENCE_SECONDS = 60.0
