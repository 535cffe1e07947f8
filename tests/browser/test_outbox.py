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
        constructor() { this.persist(); }
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
        forget() {
            Object.assign(this, { streams: [], open: null, highest: 0 });
            this.persist();
        }
        // What survives its process.
        persist() {
            const { streams, all, highest, commands, open } = this;
            const state = { streams, all, highest, commands, isOpen: !!open };
            this.written = structuredClone(state);
        }
        // The process is killed, and another goes on from what was written.
        kill() {
            const { isOpen, ...rest } = structuredClone(this.written);
            Object.assign(this, rest, { open: isOpen ? rest.streams.at(-1) : null });
        }
    }
    const tell = (outbox, { open }) => open && outbox.started(open.number);
    const drain = (outbox, server) => {
        for (;;) {
            const next = outbox.take();
            const { stream, bytes } = server.resumed;
            if (!next) outbox.kept({ stream, bytes, durable: true });
            if (!next) outbox.read(server.highest);
            const later = next ?? outbox.take();
            if (!later) return;
            server.take(later);
            tell(outbox, server);
        }
    };
    const sendAll = (outbox, server) => {
        for (let next; (next = outbox.take()); tell(outbox, server)) server.take(next);
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
                    if (!next) return;
                    if (isConnected) server.take(next);
                    if (isConnected) tell(outbox, server);
                }
            },
            persist: () => { server.persist(); },
            acknowledge: () => {
                const { number: stream, bytes } = server.written.streams.at(-1) ?? {};
                if (!isConnected || !stream) return;
                const part = 2 * Math.floor(random() * bytes.length / 2);
                outbox.kept({ stream, bytes: part, durable: true });
            },
            read: () => { if (isConnected) outbox.read(server.highest); },
            finish: () => {
                if (!isConnected || server.open || !server.streams.length) return;
                server.persist();
                outbox.ended(server.streams.length);
            },
            cut: () => { isConnected = false; },
            kill: () => { isConnected = false; server.kill(); },
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
            lapse: () => {
                if (isConnected) return;
                server.open = null;
                server.persist();
            },
            move: () => {
                if (isConnected) return;
                const { stream, bytes, command } = server.resumed;
                server.forget();
                outbox.move(stream ? { stream, bytes } : undefined, command);
                isConnected = true;
            },
        };
        const often = "speak speak speak speak send send send acknowledge persist".split(" ");
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
        const names = server.commands.map((message) => message.name);
        const isHeard = heard.join() === said.join() && names.join() === typed.join();
        return isHeard && outbox.heldSeconds === 0 && !outbox.outline.isOwing ? [] : [seed];
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
        sendAll(outbox, server);
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
        sendAll(outbox, server);
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
        sendAll(outbox, server);
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


def test_what_the_server_has_is_held_until_it_is_kept(page: Page) -> None:
    """It may be killed before that, and another process goes on with less."""
    body = """
        const outbox = new Outbox();
        const server = new Server();
        const source = outbox.begin(PCM);
        outbox.add(source, new Uint8Array(320).fill(1), 1);
        sendAll(outbox, server);
        server.persist();
        outbox.add(source, new Uint8Array(640).fill(2), 2);
        outbox.command({ type: "text_input", text: "hola" });
        sendAll(outbox, server);
        outbox.resume(server.resumed);
        const held = [outbox.heldSeconds, outbox.isAllSent, outbox.leftSeconds];
        server.kill();
        outbox.resume(server.resumed);
        sendAll(outbox, server);
        const [{ bytes }] = server.streams;
        const heard = [bytes.filter((byte) => byte === 1).length, bytes.length];
        outbox.kept({ stream: 1, bytes: 960, durable: true });
        return [held, heard, server.commands.map(({ text }) => text), outbox.heldSeconds];
    """
    assert run(page, body) == [[3, True, 3], [320, 960], ["hola"], 0]


def test_sound_that_is_not_kept_counts_as_under_way_after_a_resumption(page: Page) -> None:
    body = """
        const outbox = new Outbox();
        outbox.mostUnacknowledged = 1000;
        const source = outbox.begin(PCM);
        for (let i = 0; i < 20; i += 1) outbox.add(source, new Uint8Array(320), 0.01);
        while (outbox.take());
        outbox.resume({ command: 10, stream: 1, bytes: 640, listening: true });
        return [outbox.take().bytes.length, outbox.take()];
    """
    assert run(page, body) == [320, None]


def test_what_a_stopped_stream_left_is_held_until_the_server_has_ended_it(page: Page) -> None:
    body = """
        const outbox = new Outbox();
        const server = new Server();
        const source = outbox.begin(PCM);
        outbox.add(source, new Uint8Array(320), 1);
        outbox.end(source);
        sendAll(outbox, server);
        outbox.resume(server.resumed);
        const before = outbox.heldSeconds;
        return [before, outbox.ended(1), outbox.heldSeconds];
    """
    assert run(page, body) == [1, False, 0]


REFUSING = """
    const outbox = new Outbox();
    const server = new Server();
    const name = (text) => outbox.command({ type: "rename_speaker", name: text }).order;
    const told = ({ text }) => (text ? JSON.parse(text).name ?? JSON.parse(text).type : "sound");
    const sent = () => {
        const all = [];
        for (let next; (next = outbox.take()); tell(outbox, server)) {
            server.take(next);
            all.push(told(next));
        }
        return all;
    };
"""


def test_what_came_too_fast_is_sent_again_in_order_under_new_numbers(page: Page) -> None:
    body = f"""{REFUSING}
        const [one, two, three] = ["one", "two", "three"].map(name);
        for (let i = 0; i < 3; i += 1) outbox.take();
        name("four");
        const isHeld = [two, three].map((order) => outbox.again(order));
        const again = sent();
        return [isHeld, again, server.highest > three, outbox.again(two)];
    """
    assert run(page, body) == [[True, True], ["two", "three", "four"], True, False]


def test_a_stream_that_began_too_soon_is_sent_again_from_its_beginning(page: Page) -> None:
    body = f"""{REFUSING}
        const source = outbox.begin(PCM);
        outbox.add(source, Uint8Array.of(1, 2), 1);
        const [start] = [outbox.take(), outbox.take()];
        outbox.end(source);
        outbox.take();
        const next = outbox.begin(PCM);
        outbox.add(next, Uint8Array.of(3, 4), 1);
        const waits = outbox.take();
        outbox.again(start.order);
        return [waits, sent(), server.streams.map(({{ bytes }}) => bytes)];
    """
    stream = ["start_listening", "sound", "stop_listening"]
    assert run(page, body) == [None, [*stream, *stream[:2]], [[1, 2], [3, 4]]]


def test_a_start_that_was_refused_in_a_gap_waits_for_the_reason(page: Page) -> None:
    body = f"""{REFUSING}
        const source = outbox.begin(PCM);
        outbox.add(source, Uint8Array.of(1, 2), 1);
        const start = outbox.take();
        outbox.resume({{ command: start.order, stream: 0, bytes: 0, listening: false }});
        const waits = sent();
        outbox.again(start.order);
        return [waits, sent(), server.streams.map(({{ bytes }}) => bytes)];
    """
    assert run(page, body) == [[], ["start_listening", "sound"], [[1, 2]]]


def test_another_session_gets_the_commands_that_the_last_one_did_not_take(page: Page) -> None:
    body = f"""{REFUSING}
        const [one] = ["one", "two"].map(name);
        outbox.command({{ type: "text_input", text: "hola" }});
        while (outbox.take());
        outbox.move(undefined, one);
        return sent();
    """
    assert run(page, body) == ["two", "text_input"]
