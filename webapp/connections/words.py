"""Connections in the words that operators read."""

# Whether the ad server keeps our external ids, in a few words, and what follows from it.
MARKER_WORDS = {
    "unique": "kept, and refused a second time",
    "stored": "kept",
    "none": "not kept",
}
MARKER_MEANINGS = {
    "unique": "A booking whose answer is lost is found again by its external ID, and a second one "
    "is refused. It is sent again after one look finds none.",
    "stored": "A booking whose answer is lost is found again by its external ID. It is sent again "
    "only after two looks through all campaigns find none.",
    "none": "A booking whose answer is lost cannot be told from others. It is never sent again by "
    "itself: you choose from the campaigns that look like it.",
}
