"""QR codes of addresses, for the camera of a phone."""

import segno

QUIET_ZONE = 2
"""How many light modules are around a code on a terminal."""
HALVES = {(False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "}
"""What shows two modules above each other, by whether each is dark: light is what is drawn, since
most terminals are dark."""


def qr_svg(text: str) -> str:
    """Return the code as an SVG in a `data:` address."""
    code = segno.make(text, micro=False)
    return code.svg_data_uri(scale=8, border=4, dark="#000", light="#fff")


def qr_lines(text: str) -> list[str]:
    """Return the code in lines for a terminal, two modules above each other in a character."""
    code = segno.make(text, micro=False, error="l")
    rows = [[bool(cell) for cell in row] for row in code.matrix_iter(border=QUIET_ZONE)]
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return ["".join(HALVES[pair] for pair in zip(*both, strict=True)) for both in pairs]
