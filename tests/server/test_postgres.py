"""All of Habla on PostgreSQL: migrated, used, and read again."""

import json
from pathlib import Path

import pytest

from tests.scenarios.engines import CARELESS
from tests.server.postgres import cluster, find_program
from tests.server.running import environment, manage, running
from tests.server.visitor import status_of, visitor
from tests.sounds import say, silence

pytestmark = pytest.mark.skipif(
    find_program("initdb") is None, reason="PostgreSQL is not installed"
)


async def test_a_session_is_kept_in_postgresql(tmp_path: Path) -> None:
    async with cluster() as url:
        code, output = await manage("migrate", env=environment(tmp_path, DATABASE_URL=url))
        assert code == 0, output
        async with running(tmp_path, DATABASE_URL=url) as server:
            async with visitor(server.socket_address) as guest:
                await guest.say("rename_speaker", speaker_id="es", name="Ana")
                await guest.say("start_listening", encoding="pcm-s16le")
                await guest.send_sound(say("hola mundo") + silence(1))
                await guest.until("translation")
                await guest.say("new_conversation")
                await guest.say("text_input", text="gracias")
                await guest.until("translation")
            assert await status_of(server.address + "/history/?q=hola") == 200
            server.signal()
            assert await server.ended() == 0
        assert await said(url, tmp_path) == [["hola mundo", "hello world"], ["gracias", "thanks"]]


async def test_postgresql_keeps_what_a_careless_engine_says(tmp_path: Path) -> None:
    async with cluster() as url:
        await manage("migrate", env=environment(tmp_path, DATABASE_URL=url))
        async with running(tmp_path, DATABASE_URL=url, HABLA_TRANSLATOR=CARELESS) as server:
            async with visitor(server.socket_address) as guest:
                await guest.say("text_input", text="hola")
                await guest.until("translation")
            server.signal()
            assert await server.ended() == 0
        assert await said(url, tmp_path) == [["hola", "hello ?"]]


async def test_postgresql_ends_a_search_that_takes_too_long(tmp_path: Path) -> None:
    query = (
        "from django.db import connection\n"
        "from sessions_app.store.database import query_limits as q\n"
        "q.SEARCH_SECONDS = 0.3\n"
        "try:\n"
        "  with q.search_limits(): connection.cursor().execute('select pg_sleep(30)')\n"
        "except q.CommandError as error: print(error.code)\n"
        "connection.cursor().execute('select pg_sleep(0.5)')\n"
        "print('no limit')"
    )
    async with cluster() as url:
        env = environment(tmp_path, DATABASE_URL=url)
        code, output = await manage("shell", "--verbosity=0", "-c", query, env=env)
        assert (code, output.split("\n")[-3:]) == (0, ["search_too_slow", "no limit", ""])


async def said(url: str, data_dir: Path) -> list[list[str]]:
    query = (
        "import json; from sessions_app.models import Exchange, TranslationSession as S;"
        "assert list(S.objects.values_list('state', 'close_count')) == [('closed', 1)];"
        "rows = Exchange.objects.order_by('pk').values_list('source', 'translated');"
        "print(json.dumps(list(rows)))"
    )
    arguments = ("shell", "--verbosity=0", "-c", query)
    code, output = await manage(*arguments, env=environment(data_dir, DATABASE_URL=url))
    assert code == 0, output
    found: list[list[str]] = json.loads(output.splitlines()[-1])
    return found
