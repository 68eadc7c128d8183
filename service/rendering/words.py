"""Headings and sentences that page and printed document share, each written once."""

from typing import Final

from service.language.spoken import Words

WORDS: Final = Words(
    {
        "title": "Authenticity report",
        "caveat": "Absence of signs is not proof of authenticity. A likelihood ratio is one piece of "
        "evidence, not a decision.",
        "short": "In short",
        "how_known": "How it is known",
        "how_sure": "How sure that is",
        "next": "What to do next",
        "decision": "Decision",
        "conflicts": "Conflicts",
        "contradict": "Parts of the evidence contradict each other. A person should look at this.",
        "basis": "What this rests on",
        "nothing": "No check found anything to say about this file. That does not show that it is "
        "authentic.",
        "decided": "decided",
        "order": "The strongest kind of evidence comes first. What is marked “decided” settled the "
        "verdict. Weaker evidence never overrules stronger evidence.",
        "when": "When",
        "credentials": "Content Credentials",
        "unread": "Content Credentials were not read.",
        "study": "Shown for study only",
        "full": "What the credentials say in full",
        "done": "What was done, by its own account",
        "identities": "Identities",
        "ingredients": "Made from",
        "originals": "Known originals",
        "likeness": "The index of known media holds something that looks or sounds like this. A "
        "signature on an original is not a signature on this file. Small or subtle changes escape the "
        "comparison.",
        "stated": "What the file states, side by side",
        "own_word": "Only what the file says of itself stands here, and nobody has checked it. Anybody can "
        "write metadata. Where places do not agree, a program may simply have filled in one of them and "
        "not the other.",
        "unreliable": "The Content Credentials fail their check, so nobody can be held to what stands in "
        "their column.",
        "place_and_time": "Place and time that the file states",
        "sketch": "A sketch of the world with a dot at each stated position",
        "unproven": "This is the file's own word and was not checked: nothing here shows that it was taken "
        "there or then. The outline is coarse and comes with assay; no map service was asked.",
        "declared": "Declared in the file",
        "unsigned": "Nobody signed these statements. Anyone can write or remove them, so they never "
        "verify anything.",
        "unmarked": "No statement about AI or about the file’s origin was found in its "  # noqa: RUF001
        "metadata.",
        "unsearched": "Not everything that the file declares could be read, and nothing was found in the rest. "
        "“What was not checked” says why.",
        "says": "Says",
        "where": "Where",
        "text": "Text",
        "classifiers": "Classifiers",
        "unasked": "No classifier was asked.",
        "unchecked": "What was not checked",
        "complete": "Every check that applies to this kind of file ran.",
        "recorded": "The small pictures are thumbnails that whoever signed put into the credentials: they "
        "show what the signer recorded, and none of them was compared with a file.",
        "method": "How it was made",
        "content_type": "Type by content",
        "far_against": "10,000 × against",  # noqa: RUF001 (a real times sign)
        "even": "even",
        "far_for": "10,000 × for",  # noqa: RUF001
    }
)

JUDGED: Final = Words(
    {
        "genuine": "genuine",
        "synthetic": "synthetic",
        "manipulated": "manipulated",
        "unclear": "unclear",
    }
)
"""What a reviewer came to, by the judgement."""

ROLES: Final = Words(
    {
        "viewer": "viewer",
        "analyst": "analyst",
        "admin": "admin",
        "operator": "operator",
    }
)

PRINTED: Final = Words(
    {
        "picture": "Preview of the file",
        "legend": "Orange points to it, blue points away; the fuller the colour, the stronger.",
        "hatched": "Hatched stretches were not judged.",
        "how": "This document shows a report that is attached to it as JSON. The report is what was "
        "signed; assay verify-report and assay show read it from this file.",
    }
)
"""What only paper needs, where nothing can be pointed at."""
