"""Downloading a model from the hub into a directory: counted, cancellable, verified."""

import fnmatch
import functools
from dataclasses import dataclass
from typing import Any

import httpx2
import huggingface_hub
from huggingface_hub import constants
from huggingface_hub.errors import (
    HfHubHTTPError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
)
from tqdm import tqdm

from sessions_app.core.errors import EngineUnavailableError
from sessions_app.engines.keys import may_show_hub_token
from sessions_app.engines.models.model import WHISPER_EXTRAS
from sessions_app.engines.models.model_files import (
    CHUNK_BYTES,
    IncomingModel,
    not_kept,
    wrong_files,
)

ANSWER_SECONDS = 10.0
"""How long the hub may be silent."""
ATTEMPTS = 2
"""Damaged files are fetched once more."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """What to fetch, and from which hub. Complete files are not fetched again."""

    incoming: IncomingModel
    endpoint: str

    def run(self) -> None:
        """Fetch and verify; blocks until done, or until it is cancelled.

        A model with pinned digests is checked against them, any other against the hub's own.

        Raises:
            EngineUnavailableError: the hub failed or broke off, or the files do not match.
        """
        _prepare_library()
        repo = self.incoming.model.repo
        self.incoming.check_room(sum(file.size for file in self.incoming.wanted()))
        try:
            for _ in range(ATTEMPTS):
                self._transfer()
                self.incoming.progress("checking", None)
                if not self._remove_damaged():
                    return
        except (httpx2.HTTPError, OSError, ValueError) as error:
            raise EngineUnavailableError(_explain(error.__cause__ or error, repo)) from error
        raise EngineUnavailableError(f"{repo} came damaged from the hub, and was removed.")

    def _transfer(self) -> None:
        plan = huggingface_hub.snapshot_download(
            **self._what(), tqdm_class=_meter(0, self.incoming), dry_run=True
        )
        total = sum(file.file_size or 0 for file in plan if file.will_download)
        huggingface_hub.snapshot_download(**self._what(), tqdm_class=_meter(total, self.incoming))

    def _what(self) -> dict[str, Any]:
        return {
            "repo_id": self.incoming.model.repo,
            "revision": self.incoming.model.revision,
            "local_dir": self.incoming.directory,
            # the library's notes on revisions are kept with the models, not in the home directory
            "cache_dir": self.incoming.directory.parent / ".hub",
            "allow_patterns": self._patterns(),
            "endpoint": self.endpoint,
            "token": self._token(),
        }

    def _patterns(self) -> list[str]:
        model = self.incoming.model
        return [file.name for file in model.files] or [*model.needs, *WHISPER_EXTRAS]

    def _token(self) -> bool | None:
        # the library would send its token wherever HF_ENDPOINT leads; None: it may
        return None if may_show_hub_token(self.endpoint) else False

    def _remove_damaged(self) -> list[str]:
        model, directory = self.incoming.model, self.incoming.directory
        if model.is_pinned:
            damaged = wrong_files(model, directory, self.incoming.stopped)
        else:
            api = huggingface_hub.HfApi(endpoint=self.endpoint, token=self._token())
            found = api.verify_repo_checksums(model.repo, local_dir=directory).mismatches
            damaged = [file["path"] for file in found if self._is_wanted(file["path"])]
        for path in damaged:
            (directory / path).unlink(missing_ok=True)
        return damaged

    def _is_wanted(self, path: str) -> bool:
        return any(fnmatch.fnmatch(path, pattern) for pattern in self._patterns())


@functools.cache
def _prepare_library() -> None:
    """Configure the library, once: doing so again would interrupt another thread's download."""
    # plain HTTP resumes after a broken connection and can be stopped, which Xet cannot
    constants.HF_HUB_DISABLE_XET = True
    constants.DOWNLOAD_CHUNK_SIZE = CHUNK_BYTES
    huggingface_hub.set_client_factory(
        lambda: ImpatientClient(follow_redirects=True, timeout=ANSWER_SECONDS)
    )


class SilentHubError(httpx2.HTTPError):
    """The hub accepted a request and did not answer; the library does not retry."""


class ImpatientClient(httpx2.Client):
    """Waits `ANSWER_SECONDS` for an answer to begin; the library would wait forever."""

    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Return the answer.

        Raises:
            SilentHubError: none came in time.
        """
        asked = request.extensions.get("timeout", {}).values()
        seconds = min([ANSWER_SECONDS, *filter(None, asked)])
        request.extensions["timeout"] = httpx2.Timeout(seconds).as_dict()
        try:
            return super().send(request, **options)
        except httpx2.TimeoutException as error:
            raise SilentHubError(str(error)) from error


def _explain(error: BaseException, repo: str) -> str:
    if isinstance(error, RepositoryNotFoundError):
        return f"The hub has no {repo}, or does not show it to everybody."
    if isinstance(error, HfHubHTTPError):
        status = error.response.status_code
        return (
            f"The hub answers to {repo} with error {status}. Is HF_ENDPOINT the address of a hub?"
        )
    if isinstance(error, (httpx2.HTTPError, LocalEntryNotFoundError)):
        return f"The hub broke off while {repo} was fetched. Try again: whole files are kept."
    return not_kept(repo)


def _meter(total: int, incoming: IncomingModel) -> type[Any]:
    """Return a progress bar that shows nothing: it reports progress, and notices a cancellation.

    ``total`` is how many bytes will come; 0: nothing is reported.
    """
    told = [0.0]

    class Meter(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **options: Any) -> None:
            self.counts_bytes = options.get("desc", "").startswith("Reconstructing")
            super().__init__(*args, **options | {"disable": True})

        def update(self, n: float | None = 1) -> bool | None:
            incoming.check_stopped()
            self.n += n or 0
            if total and self.counts_bytes:
                fraction = min(1.0, self.n / total)
                if fraction >= told[0] + 0.005 or fraction == 1.0 > told[0]:
                    told[0] = fraction
                    incoming.progress(f"fetching {incoming.model.name}", fraction)
            return None

    return Meter
