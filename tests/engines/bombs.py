"""Small streams that claim to hold much: what no browser sends, in every container."""

from sessions_app.core.audio import Encoding
from tests.engines.boxes import (
    SILENCE,
    TABLES,
    box,
    description,
    esds,
    fragment,
    full,
    numbers,
    sample_entry,
    track,
)
from tests.engines.streams import (
    CLUSTER,
    EBML,
    INFO,
    SEGMENT,
    SIMPLE_BLOCK,
    TRACKS,
    UNKNOWN_SIZE,
    block,
    element,
    number,
    opus_head,
    webm_header,
)
from tests.engines.streams import track as webm_track

MANY = 50_000_000
SOUND = fragment([SILENCE] * 4)
ATTACHMENTS, TAGS, CUES, SEEK_HEAD = 0x1941A469, 0x1254C367, 0x1C53BB6B, 0x114D9B74


def lists(kind: bytes, *values: int) -> bytes:
    """Return a live MP4 whose description has a list of samples."""
    return description(track(tables={kind: full(kind, numbers(*values))})) + SOUND


def edits(*values: int) -> bytes:
    return description(track(more=box(b"edts", full(b"elst", numbers(*values))))) + SOUND


def nested(kind: bytes, depth: int, core: bytes = b"") -> bytes:
    for _ in range(depth):
        core = box(kind, core)
    return core


def described(*inside: bytes) -> bytes:
    entry = sample_entry(*inside)
    return description(track(tables={b"stsd": full(b"stsd", numbers(1), entry)})) + SOUND


def run(count: int, *values: int, flags: int = 1) -> bytes:
    made = full(b"trun", numbers(count, 0, *values), flags=flags)
    return description() + fragment([SILENCE], run=made)


def real_bomb(count: int = MANY) -> bytes:
    """Return the MP4 that made libav build an index of gigabytes: four lists that agree."""
    tables = {
        b"stts": full(b"stts", numbers(1, count, 1024)),
        b"stsc": full(b"stsc", numbers(1, 1, count, 1)),
        b"stsz": full(b"stsz", numbers(1, count)),
        b"stco": full(b"stco", numbers(1, 2000)),
    }
    return description(track(tables=tables)) + box(b"mdat", b"\x21" * 4000, size=0x7FFFFFFF)


MP4 = {
    "lists that agree": real_bomb(),
    "a list of constant sizes": lists(b"stsz", 1, MANY),
    "a list of sizes": lists(b"stsz", 0, MANY),
    "a compact list of sizes": lists(b"stz2", 4, MANY),
    "a list of durations": lists(b"stts", 1, MANY, 1024),
    "many durations": lists(b"stts", MANY),
    "many shifts": lists(b"ctts", MANY, 1, 1),
    "many chunks": lists(b"stsc", MANY, 1, 1, 1),
    "one chunk of many": lists(b"stsc", 1, 1, MANY, 1),
    "many places": lists(b"stco", MANY),
    "many long places": lists(b"co64", MANY),
    "many keys": lists(b"stss", MANY),
    "many edits": edits(MANY, 0, 0, 0),
    "more edits than bytes": edits(8, 0, 0),
    "a run of many": run(MANY),
    "a run of more than its sound": run(4000),
    "a run that lists too few": run(100, 1, 2, flags=0x201),
    "a run of huge samples": run(1, 0x7FFFFFFF, flags=0x201),
    "a run of no track": description() + box(b"moof", box(b"traf", full(b"trun", numbers(1, 0)))),
    "encrypted sizes": description()
    + fragment([SILENCE], more=full(b"saiz", b"\0", numbers(MANY))),
    "encrypted samples": description() + fragment([SILENCE], more=full(b"senc", numbers(MANY))),
    "a huge box of the user": description(more=box(b"udta", bytes(200_000))) + SOUND,
    "a box of the user that claims": description(more=box(b"udta", size=0x7FFFFFF0)) + SOUND,
    "many tracks": description(*(track(n) for n in range(1, 60))) + SOUND,
    "many defaults": description(
        extends=b"".join(full(b"trex", numbers(n, 1, 0, 0, 0)) for n in range(1, 400))
    ),
    "many small boxes": description(more=box(b"free") * 4000) + SOUND,
    "tracks in tracks": description(nested(b"trak", 500)) + SOUND,
    "descriptions in descriptions": description(more=nested(b"moov", 500)) + SOUND,
    "a packed description": description(more=box(b"cmov", box(b"cmvd", numbers(MANY)))) + SOUND,
    "a list inside of the sound": described(esds(), TABLES[b"stsd"])
    + SOUND * 0
    + fragment([SILENCE], run=full(b"trun", numbers(MANY, 0), flags=1)),
    "a codec's data that claims": described(esds(claims=0x0FFFFFFF)),
    "many descriptions": description(
        track(tables={b"stsd": full(b"stsd", numbers(MANY), sample_entry())})
    ),
    "a box of no size": description() + box(b"mdat", SILENCE, size=0),
    "sound of 2 GB": description() + box(b"mdat", SILENCE, size=0x7FFFFFFF),
    "sound of more than there are bytes": description()
    + numbers(1)
    + b"mdat"
    + numbers(0xFFFFFFFF, 0xFFFFFFFF),
    "fragments without sound": description() + fragment([SILENCE], mdat=b"") * 50,
    "no fragments": description(extends=b"") + SOUND,
    "a second description": description() + SOUND + description() + SOUND,
    "another codec": description(
        track(tables={b"stsd": full(b"stsd", numbers(1), sample_entry(kind=b"alac"))})
    ),
    "Vorbis in the name of AAC": described(esds(codec=0xDD)),
    "another kind of AAC": described(esds(b"\xb9\x88")),
    "AAC of no kind": described(esds(b"")),
    "pictures": description(track(handler=b"vide")) + SOUND,
}


def page(content: bytes, *, flags: int = 0, serial: int = 7, sizes: bytes | None = None) -> bytes:
    """Return a page of Ogg without its checksum, which libav does not check."""
    if sizes is None:
        sizes = b"\xff" * (len(content) // 255) + bytes([len(content) % 255])
    head = bytes(8) + serial.to_bytes(4, "little") + bytes(8)
    return b"OggS\0" + bytes([flags]) + head + bytes([len(sizes)]) + sizes + content


def comments(count: int, rest: bytes = b"") -> bytes:
    return b"OpusTags" + (4).to_bytes(4, "little") + b"test" + count.to_bytes(4, "little") + rest


OGG_BEGIN = page(opus_head(), flags=2)
_FULL = b"\xff" * 255
OGG = {
    "a huge comment": OGG_BEGIN
    + page(comments(1) + bytes(65_005), sizes=_FULL)
    + page(bytes(65_025), sizes=_FULL, flags=1) * 8,
    "a packet without end": OGG_BEGIN
    + page(comments(0))
    + page(bytes(65_025), sizes=_FULL, flags=1) * 8,
    "many streams": b"".join(page(opus_head(), flags=2, serial=n) for n in range(1000)),
    "one stream after the other": (OGG_BEGIN + page(comments(0))) * 200,
    "another codec": page(b"\x01vorbis" + bytes(23), flags=2),
    "pictures": page(b"\x80theora" + bytes(35), flags=2),
    "many channels": page(opus_head(channels=255, mapping=255) + b"\xff\0" + bytes(255), flags=2),
    "no beginning": page(opus_head()),
    "junk between pages": OGG_BEGIN + bytes(300) + page(comments(0)),
}

WEBM = {
    "huge private data": webm_header(webm_track(private=opus_head() + bytes(200_000))),
    "private data that claims": webm_header(
        element(0xAE, element(0x86, b"A_OPUS") + element(0x63A2, b"", size=number(1 << 30, 8)))
    ),
    "many tracks": webm_header(webm_track() * 2000),
    "another codec beside": webm_header(webm_track(b"A_VORBIS") + webm_track(place=2)),
    "huge tags": webm_header() + element(TAGS, b"", size=number(1 << 27, 8)),
    "huge cues": webm_header() + element(CUES, b"", size=number(1 << 27, 8)),
    "a huge attachment": webm_header() + element(ATTACHMENTS, b"", size=number(1 << 27, 8)),
    "huge places": webm_header() + element(SEEK_HEAD, b"", size=number(1 << 27, 8)),
    "tags of unknown size": webm_header() + element(TAGS, b"", size=UNKNOWN_SIZE),
    "long numbers": element(EBML, element(0x4282, b"webm") + element(0x42F3, b"\xff")),
    "long names": element(EBML, element(0x4282, b"webm") + element(0x42F2, b"\xff")),
    "a lace of many": webm_header()
    + element(CLUSTER, b"", size=UNKNOWN_SIZE)
    + element(SIMPLE_BLOCK, block(b"\xff" * 100_000, flags=0x02)),
    "groups of many parts": webm_header() + element(0xA0, b"\xec\x80" * 60_000),
    "tracks of many parts": webm_header(b"\xec\x80" * 60_000),
    "deep nesting": element(EBML, element(0x4282, b"webm"))
    + element(SEGMENT, b"", size=UNKNOWN_SIZE)
    + element(INFO, b"")
    + element(TRACKS, b"\xae\xff" * 3000, size=UNKNOWN_SIZE),
}

BOMBS = {Encoding.MP4_AAC: MP4, Encoding.OGG_OPUS: OGG, Encoding.WEBM_OPUS: WEBM}
CASES = [(encoding, name) for encoding, bombs in BOMBS.items() for name in bombs]
