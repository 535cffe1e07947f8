"""Tests of the pages of recordings."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client

from playback_app.models import Playback
from playback_app.templatetags.clocks import clock
from playback_app.truths import write_truth
from playback_app.web.views import RECORDINGS_A_PAGE, SEGMENTS_A_PAGE
from sessions_app.models import Recording, RecordingState
from tests.playback_app.kept import keep_recording, some_sound
from tests.sessions_app.kept import at_home, the_owner

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    return at_home()


@pytest.mark.parametrize(
    ("seconds", "told"), [(0, "0:00"), (59.9, "0:59"), ("61.0", "1:01"), (7265, "2:01:05")]
)
def test_lengths_read_as_on_a_clock(seconds, told):
    assert clock(seconds) == told


def test_the_list_of_somebody_new_says_what_to_do(browser):
    assert "Nothing has been recorded yet" in browser.get("/recordings/").text


def test_the_list_shows_length_size_words_and_state(browser):
    keep_recording(the_owner(), "uno dos", title="Talk <b>", state="salvaged", sound=some_sound())
    page = browser.get("/recordings/").text
    assert "Talk &lt;b&gt;" in page
    assert "0:02" in page
    assert "31.3\xa0KB" in page
    assert "2 words" in page
    assert "salvaged" in page


def test_a_recording_is_called_by_its_title_or_its_first_words(browser):
    keep_recording(the_owner(), "", "buenos días", "adiós")
    keep_recording(the_owner(), "hola", title="Dinner")
    keep_recording(the_owner(), "")
    page = browser.get("/recordings/").text
    names = [part.partition("</h2>")[0] for part in page.split("<h2>")[1:]]
    assert sorted(names) == ["Dinner", "Recording without words", "buenos días"]


def test_the_list_is_paged_and_costs_few_queries(browser, django_assert_max_num_queries):
    for number in range(RECORDINGS_A_PAGE + 1):
        keep_recording(the_owner(), "uno", after_seconds=number)
    with django_assert_max_num_queries(4):
        first = browser.get("/recordings/")
    assert len(first.context["page"]) == RECORDINGS_A_PAGE
    assert len(browser.get("/recordings/?page=2").context["page"]) == 1


def test_a_recording_shows_what_was_said_and_what_was_really_said(browser):
    kept = keep_recording(the_owner(), "<script>ola</script>|<i>wave</i>", sound=some_sound())
    write_truth(the_owner(), kept.pk, kept.segments.get().pk, 0, "hola <b>", "hello <b>")
    page = browser.get(f"/recordings/{kept.pk}/").text
    assert "&lt;script&gt;ola&lt;/script&gt;" in page
    assert "hola &lt;b&gt;" in page
    assert "hello &lt;b&gt;" in page
    assert "<script>ola" not in page


def test_a_long_recording_is_paged(browser, django_assert_max_num_queries):
    kept = keep_recording(the_owner(), *(f"palabra {n}" for n in range(SEGMENTS_A_PAGE + 1)))
    with django_assert_max_num_queries(6):
        first = browser.get(f"/recordings/{kept.pk}/")
    assert len(first.context["page"]) == SEGMENTS_A_PAGE
    assert "palabra 200" in browser.get(f"/recordings/{kept.pk}/?page=2").text


def test_a_recording_without_words_can_be_corrected_as_a_whole(browser):
    kept = keep_recording(the_owner(), sound=some_sound())
    write_truth(the_owner(), kept.pk, None, 0, "mucho ruido", "")
    page = browser.get(f"/recordings/{kept.pk}/").text
    assert "No words were heard in it." in page
    assert "mucho ruido" in page
    assert 'data-version="1"' in page


def test_what_is_still_recorded_is_shown_without_what_needs_its_sound(browser):
    kept = keep_recording(the_owner(), "uno", state=RecordingState.RECORDING)
    page = browser.get(f"/recordings/{kept.pk}/").text
    assert "It is still being recorded." in page
    assert "<audio" not in page


def test_only_the_waveforms_page_lets_a_style_in_and_only_by_its_nonce(browser):
    kept = keep_recording(the_owner(), "uno", sound=some_sound())
    answers = [browser.get(f"/recordings/{kept.pk}/") for _ in range(2)]
    policies = [answer.headers["Content-Security-Policy"] for answer in answers]
    assert all("style-src 'self' 'nonce-" in policy for policy in policies)
    assert policies[0] != policies[1]
    assert all("unsafe" not in policy for policy in policies)
    assert "nonce" not in browser.get("/recordings/").headers["Content-Security-Policy"]


def test_no_page_holds_a_script_or_a_style_of_its_own(browser):
    kept = keep_recording(the_owner(), "uno", sound=some_sound())
    for rest in ("", f"{kept.pk}/", f"{kept.pk}/delete"):
        page = browser.get(f"/recordings/{rest}").text
        assert "<script>" not in page
        assert "<style" not in page
        assert " style=" not in page


def test_a_bookmark_is_turned_by_its_button(browser):
    kept = keep_recording(the_owner())
    answer = browser.post(f"/recordings/{kept.pk}/bookmark", follow=True)
    assert "Remove the bookmark" in answer.text
    assert Recording.objects.get().is_bookmarked
    assert browser.get(f"/recordings/{kept.pk}/bookmark").status_code == 405


def test_deleting_is_asked_first_and_done_then(browser):
    kept = keep_recording(the_owner(), title="Talk")
    address = f"/recordings/{kept.pk}/delete"
    assert "Talk" in browser.get(address).text
    assert Recording.objects.count() == 1
    answer = browser.post(address, follow=True)
    assert answer.redirect_chain == [("/recordings/", 302)]
    assert "The recording is deleted." in answer.text
    assert not Recording.objects.exists()


def test_what_is_played_is_not_deleted_and_the_page_says_why(browser):
    kept = keep_recording(the_owner())
    Playback.objects.create(recording=kept, user=the_owner())
    answer = browser.post(f"/recordings/{kept.pk}/delete")
    assert answer.status_code == 409
    assert "It is being played: stop that first." in answer.text


def test_a_foreign_form_deletes_nothing():
    kept = keep_recording(the_owner())
    browser = at_home(enforce_csrf_checks=True)
    for address in ("delete", "bookmark"):
        assert browser.post(f"/recordings/{kept.pk}/{address}").status_code == 403
    assert Recording.objects.filter(is_bookmarked=False).count() == 1


@pytest.mark.parametrize("rest", ["", "delete"])
def test_what_is_anothers_or_never_was_is_not_found(browser, rest):
    kept = keep_recording(User.objects.create_user("eva"), "uno")
    for key in (kept.pk, uuid4()):
        assert browser.get(f"/recordings/{key}/{rest}").status_code == 404


def test_the_pages_are_told_in_spanish(browser):
    keep_recording(the_owner(), "uno dos")
    page = browser.get("/recordings/", headers={"accept-language": "es"}).text
    assert "Grabaciones" in page
    assert "2 palabras" in page
