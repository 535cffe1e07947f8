"""Draws the icons of the installed page, and Apple's, from habla.svg: `make icons`.

Chromium draws them, as the tests use it; what it drew is in the tree.
"""

from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.chromium import launch

ICONS = Path(__file__).parent.parent / "sessions_app/static/sessions_app/icons"
PAPER = "#f6f5f1"
MASKED = 0.62
"""How much of a maskable icon's width the picture takes: a system may cut all beyond 0.8 of it."""
TOUCHED = 0.78
DRAWINGS = {
    "habla-192.png": (192, 1.0, "transparent"),
    "habla-512.png": (512, 1.0, "transparent"),
    "maskable-512.png": (512, MASKED, PAPER),
    "apple-touch-icon.png": (180, TOUCHED, PAPER),
}
"""Files, with their width in pixels, how much of it the picture takes, and what is behind it."""
PAGE = """
<body style="margin: 0; height: 100vh; display: grid; place-items: center; background: {ground}">
{picture}<style>svg {{ width: {part}vw; height: {part}vw }}</style>
"""


def draw(page: Page, name: str) -> None:
    """Draw one icon into its file."""
    width, part, ground = DRAWINGS[name]
    page.set_viewport_size({"width": width, "height": width})
    picture = (ICONS / "habla.svg").read_text()
    page.set_content(PAGE.format(ground=ground, picture=picture, part=part * 100))
    page.screenshot(path=ICONS / name, omit_background=ground == "transparent")


def main() -> None:
    """Draw all icons."""
    with sync_playwright() as player, launch(player) as browser:
        page = browser.new_page(device_scale_factor=1)
        for name in DRAWINGS:
            draw(page, name)


if __name__ == "__main__":
    main()
