"""Which texts are addresses of a server, and which are not."""

import pytest

from sessions_app.engines.keys import problem_of
from sessions_app.engines.server_address import is_server_address


@pytest.mark.parametrize(
    "text",
    [
        "http://gpu1:8000/v1",
        "HTTP://10.0.0.7",
        "https://[::1]:1234/v1",
        "https://api.openai.com/v1",
        "http://eva:secret@my_server.local.:1/v1",
        "http://ñandú.example/v1",
    ],
)
def test_what_can_be_asked_is_an_address(text: str) -> None:
    assert is_server_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost:1234",
        "ftp://x/",
        "http://",
        "http:///v1",
        "http://x:y/v1",
        "http://x:0/v1",
        "http://x:99999/v1",
        "http://x:-1/v1",
        "http://[x/v1",
        "http://[::1/v1",
        "http://[::1]x:80/v1",
        "http://[1.2.3.4]/v1",
        "http://x..y/v1",
        "http://-/v1",
        "http://xn--/v1",
        "http://x y/v1",
        "http://x/v1\n",
        "http://x\\y/v1",
        "http://%zz/v1",
        "http://\u202ex/v1",
        "http://\uff11\uff12\uff17.0.0.1/v1",
        f"http://{'a' * 64}/v1",
    ],
)
def test_what_no_request_could_be_sent_to_is_none(text: str) -> None:
    assert not is_server_address(text)


@pytest.mark.parametrize("text", ["http://[x/v1", "ws://[::1", "http://"])
def test_a_key_is_sent_nowhere_in_the_clear_where_the_host_is_unclear(text: str) -> None:
    assert problem_of(text, "sk-secret")
