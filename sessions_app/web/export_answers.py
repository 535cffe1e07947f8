"""What was said, handed out as a file that is made while it is sent: whatever its size."""

from collections.abc import Iterator, Mapping
from itertools import chain

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from sessions_app.core.exports import ExportFormat, ExportLine, export_in_pieces
from sessions_app.transport.streaming import streamed


def export_answer(
    request: HttpRequest,
    lines: Iterator[ExportLine],
    file_format: ExportFormat,
    headers: Mapping[str, str] | None = None,
) -> HttpResponseBase:
    """Return ``lines`` as a file. Its first piece is made now: a database that fails is told."""
    pieces = export_in_pieces(lines, file_format)
    first = next(pieces, b"")
    told = {"Content-Type": file_format.media_type, **(headers or {})}
    if request.method == "HEAD":
        return HttpResponse(headers=told)
    return StreamingHttpResponse(streamed(request, chain([first], pieces)), headers=told)
