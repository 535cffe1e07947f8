"""What a model consists of: its files with their digests, and where to get them."""

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
    """A package on the package index that contains files of a model, or parts of them."""

    project: str
    version: str
    size: int
    """In bytes."""
    sha256: str
    members: tuple[tuple[str, str], ...]
    """What to extract: the member of the archive, and the file of which it is the next part."""

    @property
    def filename(self) -> str:
        """Return what the file of the package is called on every index."""
        return f"{self.project.replace('-', '_')}-{self.version}-py3-none-any.whl"


@dataclass(frozen=True, slots=True)
class Model:
    """A model, and where to get it."""

    name: str
    """What people call it; also its directory among the models."""
    repo: str
    """Its repository on the hub; empty: it is in none that could be trusted to stay the same."""
    needs: tuple[str, ...]
    """Patterns of file names; each must match a file, and none may be empty."""
    revision: str | None = None
    """Of the repository; None: the newest."""
    files: tuple[ModelFile, ...] = ()
    """All its files; empty: their digests are not known, so they cannot be verified."""
    wheels: tuple[Wheel, ...] = ()
    """Packages that together hold all of it, in the order in which their parts are joined."""
    about: str = ""

    @property
    def is_pinned(self) -> bool:
        """Return whether the digests of its files are known."""
        return bool(self.files)

    @property
    def size(self) -> int:
        """Return the total size of its files in bytes; 0: unknown."""
        return sum(file.size for file in self.files)

    @property
    def megabytes(self) -> int:
        """Return roughly how much is fetched, in megabytes; 0: unknown."""
        return round(self.size / MEGABYTE)


WHISPER_NEEDS = ("config.json", "model.bin", "tokenizer.json", "vocabulary.*")
WHISPER_EXTRAS = ("preprocessor_config.json",)
OPUS_MT_NEEDS = ("config.json", "model.bin", "shared_vocabulary.*", "source.spm", "target.spm")
