"""Exports as streaming responses, made while they are sent, of any size."""

from collections.abc import Iterator, Mapping
from itertools import chain

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from sessions_app.core.exports import ExportFormat, ExportLine, export_in_pieces
from sessions_app.transport.streaming import in_pieces


def export_answer(
    request: HttpRequest,
    lines: Iterator[ExportLine],
    file_format: ExportFormat,
    headers: Mapping[str, str] | None = None,
) -> HttpResponseBase:
    """Return ``lines`` as a file. Its first piece is made now, so that a database error shows."""
    pieces = export_in_pieces(lines, file_format)
    first = next(pieces, b"")
    all_headers = {"Content-Type": file_format.media_type, **(headers or {})}
    if request.method == "HEAD":
        return HttpResponse(headers=all_headers)
    return StreamingHttpResponse(in_pieces(request, chain([first], pieces)), headers=all_headers)
