"""A room without walls: a sound server without a sound card, whose microphone hears a test."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PROGRAM = shutil.which("pulseaudio")
END_SECONDS = 20
MODULES = (
    "module-null-sink sink_name=speaker",
    "module-null-sink sink_name=room rate=48000 channels=1",
    "module-remap-source master=room.monitor source_name=microphone",
)
DEFAULTS = (("set-default-sink", "speaker"), ("set-default-source", "microphone"))


class Room:
    """What is played in it, its microphone hears; what browsers play goes elsewhere."""

    def __init__(self, address: str) -> None:
        self.environment: Mapping[str, str] = {"PULSE_SERVER": address}
        """Of a browser that is to have this room's microphone and a loudspeaker."""
        self._address = address

    def say(self, pcm: bytes) -> None:
        """Play ``pcm`` (16 kHz mono s16le) in the room; return when it was heard."""
        how = (
            "--raw",
            "--format=s16le",
            "--rate=16000",
            "--channels=1",
            "--device=room",
            "--latency-msec=50",
        )
        command = ("pacat", "--playback", *how, "--server", self._address)
        subprocess.run(command, input=pcm, check=True, timeout=60)


@contextmanager
def room() -> Iterator[Room]:
    """Run the sound server."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)  # a socket's path must be short
        address = f"unix:{home / 'sound'}"
        modules = (*MODULES, f"module-native-protocol-unix socket={home / 'sound'}")
        environment = {"HOME": name, "XDG_RUNTIME_DIR": name, "PATH": "/usr/bin:/bin"}
        process = subprocess.Popen(
            [
                *(str(PROGRAM), "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"),
                *(f"--load={module}" for module in modules),
            ],
            env=environment,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for(home / "sound", process)
            for choice in DEFAULTS:
                command = ("pactl", "--server", address, *choice)
                subprocess.run(command, env=environment, check=True, timeout=20)
            yield Room(address)
        finally:
            process.terminate()
            process.wait(END_SECONDS)


def _wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    while not path.exists():
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
        raise RuntimeError(f"pulseaudio ended with {process.returncode}")
