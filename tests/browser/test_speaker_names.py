"""A speaker whom nobody has named is called in the reader's language, in the history too."""

from django.template.loader import render_to_string
from django.utils.translation import override

from sessions_app.pipeline.speakers import DEFAULT_NAMES


def shown(name: str) -> str:
    """Return what a Spanish page calls the speaker of that name."""
    with override("es"):
        return render_to_string("sessions_app/speaker.html", {"name": name}).strip()


def test_default_names_are_told_in_spanish() -> None:
    assert shown(DEFAULT_NAMES["es"]) == "Quien habla español"
    assert shown(DEFAULT_NAMES["en"]) == "Quien habla inglés"


def test_a_name_that_somebody_gave_is_never_translated() -> None:
    assert shown("Live") == "Live"
    assert shown("<b>Ana</b>") == "&lt;b&gt;Ana&lt;/b&gt;"
