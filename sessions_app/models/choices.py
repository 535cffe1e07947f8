"""The choices of columns that several tables have."""

DIRECTIONS = [
    ("es_to_en", "Spanish → English"),
    ("en_to_es", "English → Spanish"),
    ("auto", "found by itself"),
]
MODES = [("conversation", "conversation"), ("classroom", "classroom")]
LANGUAGES = [("es", "Spanish"), ("en", "English")]
