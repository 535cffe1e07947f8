"""What a model is: its files with their digests, and where they can be had."""

from dataclasses import dataclass

MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model."""

    name: str
    size: int
    """In bytes."""
    sha256: str


@dataclass(frozen=True, slots=True)
class Wheel:
    """A package on the package index whose data are files of a model, or parts of them."""

    project: str
    version: str
    size: int
    """In bytes."""
    sha256: str
    members: tuple[tuple[str, str], ...]
    """What to take: the member of the archive, and the file that it is the next part of."""

    @property
    def filename(self) -> str:
        """Return what the file of the package is called on every index."""
        return f"{self.project.replace('-', '_')}-{self.version}-py3-none-any.whl"


@dataclass(frozen=True, slots=True)
class Model:
    """A model, and where it can be had."""

    name: str
    """What people call it, and its directory among the models."""
    repo: str
    """On the hub."""
    needs: tuple[str, ...]
    """Patterns of file names; for each there must be a file, and none may be empty."""
    revision: str | None = None
    """Of the repository; None: its newest."""
    files: tuple[ModelFile, ...] = ()
    """All its files; none: nobody has told us their digests, and they cannot be verified."""
    wheels: tuple[Wheel, ...] = ()
    """Packages that hold all of it together, in the order in which their parts are joined."""
    about: str = ""

    @property
    def is_pinned(self) -> bool:
        """Return whether we know what its files must be."""
        return bool(self.files)

    @property
    def size(self) -> int:
        """Return how many bytes its files have; 0: unknown."""
        return sum(file.size for file in self.files)

    @property
    def megabytes(self) -> int:
        """Return about how much is fetched; 0: unknown."""
        return round(self.size / MEGABYTE)


WHISPER_NEEDS = ("config.json", "model.bin", "tokenizer.json", "vocabulary.*")
WHISPER_EXTRAS = ("preprocessor_config.json",)
OPUS_MT_NEEDS = ("config.json", "model.bin", "shared_vocabulary.*", "source.spm", "target.spm")
