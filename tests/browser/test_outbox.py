"""What the page holds for the server, in the browser that runs it: nothing lost, nothing twice."""

import base64
import random
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from sessions_app.core.audio import SAMPLE_RATE, Encoding
from sessions_app.engines.decoding.decoders import open_decoder
from tests.browser.conftest import OpenPage
from tests.engines.streams import chirp, encode

MODEL = """
    const { Outbox } = await import("/static/sessions_app/js/outbox.js");
    const PCM = { encoding: "pcm-s16le", sample_rate: 16000 };
    class Server {
        streams = []; all = []; open = null; highest = 0; commands = [];
        take({ text, bytes }) {
            if (bytes && !this.open) throw Error("sound while nobody listened");
            if (bytes) return void this.open.bytes.push(...bytes);
            const message = JSON.parse(text);
            if (message.command <= this.highest) return;
            this.highest = message.command;
            if (message.type === "start_listening") this.begin();
            else if (message.type === "stop_listening") this.open = null;
            else this.commands.push(message);
        }
        begin() {
            if (this.open) throw Error("it listened already");
            this.open = { number: this.streams.length + 1, bytes: [] };
            this.streams.push(this.open);
            this.all.push(this.open);
        }
        get resumed() {
            const { number: stream = 0, bytes = [] } = this.streams.at(-1) ?? {};
            return { stream, bytes: bytes.length, command: this.highest, listening: !!this.open };
        }
        forget() { Object.assign(this, { streams: [], open: null, highest: 0 }); }
    }
    const drain = (outbox, server) => {
        for (;;) {
            const next = outbox.take();
            const { stream, bytes } = server.resumed;
            if (!next) outbox.kept({ stream, bytes, durable: true });
            const later = next ?? outbox.take();
            if (!later) return;
            server.take(later);
        }
    };
"""
FUZZ = """
    const chance = (seed) => () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff;
    const play = (seed) => {
        const random = chance(seed);
        const server = new Server();
        const said = [], typed = [], rows = new Map();
        let outbox = new Outbox(), source = null, isConnected = true;
        const acts = {
            begin: () => { source ??= outbox.begin(PCM); },
            end: () => { if (source) outbox.end(source); source = null; },
            speak: () => {
                if (!source) return;
                const length = 2 + 2 * Math.floor(random() * 20);
                const bytes = Array.from({ length }, () => random() * 256 | 0);
                said.push(...bytes);
                outbox.add(source, Uint8Array.from(bytes), bytes.length / 32000);
            },
            type: () => {
                typed.push(`${typed.length}`);
                outbox.command({ type: "rename_speaker", name: typed.at(-1) });
            },
            send: () => {
                for (let i = random() * 6; isConnected && i > 0; i -= 1) {
                    const next = outbox.take();
                    isConnected = random() > 0.1; // what is cut off in the middle does not arrive
                    if (next && isConnected) server.take(next);
                    if (!next) return;
                }
            },
            acknowledge: () => {
                const { stream, bytes } = server.resumed;
                if (!isConnected || !stream) return;
                outbox.started(stream);
                outbox.kept({ stream, bytes: 2 * Math.floor(random() * bytes / 2), durable: true });
            },
            cut: () => { isConnected = false; },
            reload: () => {
                isConnected = false;
                outbox.takeGone().forEach((order) => rows.delete(order));
                const rest = structuredClone(outbox.takeUnstored(Infinity));
                rest.forEach((row) => rows.set(row.order, row));
                const outline = structuredClone(outbox.outline);
                outbox = new Outbox();
                const kept = [...rows.values()].sort((one, other) => one.order - other.order);
                outbox.restore(outline, kept);
                source = null;
            },
            resume: () => { if (!isConnected) outbox.resume(server.resumed); isConnected = true; },
            lapse: () => { if (!isConnected) server.open = null; }, // nothing was written of it
            move: () => {
                if (isConnected) return;
                const { stream, bytes } = server.resumed;
                server.forget();
                outbox.move(stream ? { stream, bytes } : undefined);
                isConnected = true;
            },
        };
        const often = ["speak", "speak", "speak", "speak", "send", "send", "send", "acknowledge"];
        const seldom = Object.keys(acts);
        for (let step = 0; step < 200; step += 1) {
            outbox.mostUnacknowledged = 60 + random() * 400;
            const names = random() < 0.6 ? often : seldom;
            acts[names[Math.floor(random() * names.length)]]();
        }
        acts.end();
        acts.resume();
        drain(outbox, server);
        const heard = server.all.flatMap((stream) => stream.bytes);
        const names = [...new Set(server.commands.map((message) => message.name))];
        const isHeard = heard.join() === said.join() && names.join() === typed.join();
        return isHeard && outbox.heldSeconds === 0 ? [] : [seed];
    };
"""


@pytest.fixture
def page(browser: Browser, open_page: OpenPage) -> Page:
    return open_page(browser, path="/history/")


def run(page: Page, body: str, given: Any = None) -> Any:
    """Run ``body`` with the model of a server; return what it returns."""
    return page.evaluate(f"async (given) => {{ {MODEL} {body} }}", given)


def test_whatever_is_cut_the_server_gets_all_in_order_and_once(page: Page) -> None:
    first = random.randrange(1_000_000)
    body = f"{FUZZ} return Array.from({{ length: 300 }}, (_, i) => given + i).flatMap(play);"
    assert run(page, body, first) == [], f"from seed {first} on"


def test_no_more_is_under_way_than_the_server_allows(page: Page) -> None:
    body = """
        const outbox = new Outbox();
        outbox.mostUnacknowledged = 1000;
        const source = outbox.begin(PCM);
        for (let i = 0; i < 20; i += 1) outbox.add(source, new Uint8Array(320), 0.01);
        const sent = () => {
            let sum = 0;
            for (let next; (next = outbox.take()); ) sum += next.bytes?.length ?? 0;
            return sum;
        };
        const first = sent();
        outbox.kept({ stream: 1, bytes: 640, durable: true });
        return [first, sent(), Math.round(outbox.leftSeconds * 100)];
    """
    assert run(page, body) == [960, 640, 18]


def test_what_cannot_be_held_is_dropped_from_the_oldest_on_and_accounted_for(page: Page) -> None:
    body = """
        let dropped = 0;
        const note = (seconds) => (dropped += seconds);
        const outbox = new Outbox({ mostBytes: 20 * 32000, dropped: note });
        const server = new Server();
        const source = outbox.begin(PCM);
        const speak = (second) => outbox.add(source, new Uint8Array(32000).fill(second), 1);
        for (let second = 0; second < 3; second += 1) speak(second);
        for (let next; (next = outbox.take()); ) server.take(next);
        for (let second = 3; second < 60; second += 1) speak(second);
        outbox.end(source);
        drain(outbox, server);
        const heard = server.streams.map(({ bytes }) => bytes.filter((_, i) => i % 32000 === 0));
        const [{ type, stream, bytes, seconds }] = server.commands;
        return [dropped, heard, [type, stream, bytes, seconds]];
    """
    dropped, heard, told = run(page, body)
    assert dropped == 40
    assert heard == [[0, 1, 2, *range(43, 60)]]
    assert told == ["not_sent", 1, 40 * 32_000, 40]


def webm_in_parts(pcm: bytes) -> dict[str, Any]:
    stream = encode(pcm, Encoding.WEBM_OPUS)
    return {"stream": base64.b64encode(stream).decode(), "size": len(stream)}


FILLED = """
    const stream = Uint8Array.from(atob(given.stream), (letter) => letter.charCodeAt(0));
    const server = new Server();
    const fill = (outbox) => {
        const source = outbox.begin({ encoding: "webm-opus" });
        for (let at = 0; at < stream.length; at += 701) {
            outbox.add(source, stream.slice(at, at + 701), 0.2);
        }
        return source;
    };
    const textOf = (bytes) => bytes.map((byte) => String.fromCharCode(byte)).join("");
    const told = () => server.all.map(({ bytes }) => btoa(textOf(bytes)));
"""


def decoded(streams: list[str]) -> list[bytes]:
    """Return the PCM of streams of WebM."""
    sound = []
    for stream in streams:
        decoder = open_decoder(Encoding.WEBM_OPUS)
        pcm = decoder.decode(base64.b64decode(stream))
        while decoder.has_more:
            pcm += decoder.decode(b"")
        sound.append(pcm)
        decoder.close()
    return sound


@pytest.mark.parametrize("share", [0.21, 0.4, 0.55, 0.83, 0.97])
def test_a_container_goes_on_in_another_session_to_one_sample(page: Page, share: float) -> None:
    given = webm_in_parts(chirp(6))
    body = f"""{FILLED}
        const outbox = new Outbox();
        outbox.end(fill(outbox));
        for (let next; (next = outbox.take()); ) server.take(next);
        server.streams[0].bytes.length = given.at;
        outbox.kept({{ stream: 1, bytes: given.at >> 2, durable: true }});
        server.forget();
        outbox.move({{ stream: 1, bytes: given.at }});
        drain(outbox, server);
        return told();
    """
    given["at"] = round(given["size"] * share)
    before, after = decoded(run(page, body, given))
    assert abs(len(before + after) // 2 - 6 * SAMPLE_RATE) <= 1


def test_a_container_begins_anew_behind_what_was_dropped(page: Page) -> None:
    body = f"""{FILLED}
        let dropped = 0;
        const note = (seconds) => (dropped += seconds);
        const outbox = new Outbox({{ mostBytes: 9000, dropped: note }});
        const source = outbox.begin({{ encoding: "webm-opus" }});
        const add = (at) => outbox.add(source, stream.slice(at, at + 701), 1);
        for (let at = 0; at < 6 * 701; at += 701) add(at);
        for (let next; (next = outbox.take()); ) server.take(next);
        for (let at = 6 * 701; at < stream.length; at += 701) add(at);
        outbox.end(source);
        drain(outbox, server);
        return [dropped, server.commands.map(({{ type, seconds }}) => [type, seconds]), told()];
    """
    dropped, told, streams = run(page, body, webm_in_parts(chirp(12)))
    assert told == [["not_sent", dropped]]
    sound = [len(pcm) / 2 / SAMPLE_RATE for pcm in decoded(streams)]
    assert len(sound) == 2
    assert all(0.5 < seconds < 3 for seconds in sound)


def test_no_command_is_numbered_as_one_that_the_server_took_of_a_page_before(page: Page) -> None:
    body = """
        const outbox = new Outbox();
        const source = outbox.begin(PCM);
        outbox.add(source, new Uint8Array(320), 0.01);
        outbox.resume({ command: 4711, stream: 3, bytes: 640, listening: true });
        const sent = [];
        const told = ({ text }) => (text ? JSON.parse(text) : "sound");
        for (let next; (next = outbox.take()); ) sent.push(told(next));
        return sent;
    """
    stop, start, sound = run(page, body)
    assert stop == {"type": "stop_listening", "command": 4712}
    assert (start["type"], sound) == ("start_listening", "sound")
    assert start["command"] > 4712


def test_the_samples_of_one_frame_are_the_bytes_of_one_frame(page: Page) -> None:
    """A frame is never larger than a message may be, and never empty."""
    body = """
        const outbox = new Outbox();
        const source = outbox.begin(PCM);
        for (let i = 0; i < 3000; i += 1) outbox.add(source, new Uint8Array(320), 0.01);
        const sizes = [];
        for (let next; (next = outbox.take()); ) if (next.bytes) sizes.push(next.bytes.length);
        return sizes;
    """
    sizes = run(page, body)
    assert sum(sizes) == 960_000
    assert 0 < min(sizes) <= max(sizes) <= 65_536
